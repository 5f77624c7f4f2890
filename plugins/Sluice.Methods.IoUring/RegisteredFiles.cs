using Sluice.Methods.IoUring.Interop;

namespace Sluice.Methods.IoUring;

/// <summary>
/// The registered files of one ring: place N of the ring's table is descriptor N or nothing, so that there is nothing to look up
/// and an entry's descriptor field is the same either way.
/// </summary>
/// <remarks>
/// <see cref="Use"/> is the submitter's; <see cref="Forget"/> comes from whoever closes a file, once nothing is in flight on it and
/// nothing will be. So the two never meet on one place: a descriptor has one open file. A place is emptied before its
/// descriptor is closed, so a number that is used again finds it empty.
/// </remarks>
internal sealed unsafe class ContextFiles
{
    private readonly Ring _ring;
    private readonly OsFile?[] _files;
    private long _refusals;
    private long _uses;

    internal ContextFiles(Ring ring, int count)
    {
        _ring = ring;
        _files = [];
        if (count == 0) return;
        ResourceRegistration table = new() { Count = (uint)count, Flags = Uapi.IORING_RSRC_REGISTER_SPARSE };
        if (ring.Register(Uapi.IORING_REGISTER_FILES2, &table, (uint)sizeof(ResourceRegistration)) >= 0) _files = new OsFile?[count];
        else _refusals = 1;
    }

    internal long Refusals => Volatile.Read(ref _refusals);

    internal long Uses => Volatile.Read(ref _uses);

    /// <summary>Whether the ring's table can be used for the file; registers it at its first use. Submission lock.</summary>
    internal bool Use(OsFile file)
    {
        OsFile?[] files = _files;
        int descriptor = file.Descriptor;
        if ((uint)descriptor >= (uint)files.Length) return false;
        if (!ReferenceEquals(files[descriptor], file) && !TryRegister(file)) return false;
        _uses++;
        return true;
    }

    /// <summary>Empties the file's place.</summary>
    internal void Forget(OsFile file)
    {
        OsFile?[] files = _files;
        int descriptor = file.Descriptor;
        if ((uint)descriptor >= (uint)files.Length || !ReferenceEquals(Volatile.Read(ref files[descriptor]), file)) return;
        Volatile.Write(ref files[descriptor], null);
        _ = Update(descriptor, -1);
    }

    private bool TryRegister(OsFile file)
    {
        if (Update(file.Descriptor, file.Descriptor) < 0)
        {
            Volatile.Write(ref _refusals, _refusals + 1);
            return false;
        }

        Volatile.Write(ref _files[file.Descriptor], file);
        return true;
    }

    private int Update(int place, int descriptor)
    {
        FilesUpdate update = new() { Offset = (uint)place, Descriptors = (ulong)&descriptor };
        return _ring.Register(Uapi.IORING_REGISTER_FILES_UPDATE, &update, 1);
    }
}

using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Sluice.Methods;

namespace Sluice.Plugins;

/// <summary>
/// What an assembly's file says of itself as a plugin. Read from its metadata: nothing of it is loaded or run, and the file
/// is closed again when the reader returns.
/// </summary>
/// <param name="Name">The io_method's name.</param>
/// <param name="FactoryTypeName">The factory's full name.</param>
/// <param name="ContractMajor">The contract's major version it was compiled against.</param>
/// <param name="ContractMinor">The contract's minor version it was compiled against.</param>
/// <param name="AssemblyVersion">The assembly's version.</param>
internal sealed record PluginManifest(string Name, string FactoryTypeName, int ContractMajor, int ContractMinor, Version AssemblyVersion)
{
    private const ushort AttributeProlog = 1;
    private const int AttributeArgumentCount = 4;

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="manifest">What it says, or null when it is no plugin.</param>
    /// <returns>Null, or why it cannot be read, in one line; a sound assembly that is no plugin is no error.</returns>
    public static string? TryRead(string path, out PluginManifest? manifest)
    {
        manifest = null;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            if (stream.Length == 0) return "is empty: copy it again";
            using var image = new PEReader(stream);
            if (!image.HasMetadata) return "is not a .NET assembly";
            string? damage = FindDamage(image, stream.Length);
            if (damage is not null) return damage;
            manifest = Read(image.GetMetadataReader());
            return null;
        }
        catch (PluginManifestException exception)
        {
            return exception.Message;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read ({PluginText.OneLine(exception.Message)})";
        }
        catch (Exception)
        {
            // The reader of metadata meets damage in many shapes (BadImageFormat, overflow, out of range): all mean the same here.
            return "is not a .NET assembly, or is damaged: build or copy it again";
        }
    }

    /// <summary>Checks what can be checked without loading.</summary>
    /// <returns>Null, or why the plugin is refused, in one line.</returns>
    public string? FindRefusal()
    {
        if (!IsValidName(Name))
        {
            return $"the name '{PluginText.OneLine(Name)}' is not allowed: use lower-case letters, digits and underscores";
        }

        if (ContractMajor != IoContract.Major)
        {
            string advice = ContractMajor > IoContract.Major
                ? "use a newer Sluice, or a plugin"
                : "get or build a version of the plugin that was";
            return $"compiled against contract {ContractMajor}.{ContractMinor}, "
                + $"but this host has {IoContract.Major}.{IoContract.Minor}: "
                + $"{advice} compiled against {IoContract.Major}.x";
        }

        if (ContractMinor > IoContract.Minor)
        {
            return $"compiled against contract {ContractMajor}.{ContractMinor}, "
                + $"but this host has only {IoContract.Major}.{IoContract.Minor}: "
                + "use a newer Sluice, or compile the plugin against this host's version";
        }

        return null;
    }

    /// <summary>Whether a name is one that settings and commands can write.</summary>
    /// <param name="name">The name.</param>
    public static bool IsValidName(string name) =>
        name.Length > 0 && name.All(static c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '_');

    private static string? FindDamage(PEReader image, long lengthBytes)
    {
        foreach (SectionHeader section in image.PEHeaders.SectionHeaders)
        {
            long end = (long)section.PointerToRawData + section.SizeOfRawData;
            if (end > lengthBytes) return $"is cut short ({lengthBytes} of at least {end} bytes): copy it again";
        }

        return null;
    }

    private static PluginManifest? Read(MetadataReader reader)
    {
        // A module without an assembly (netmodule) is nothing that can be loaded.
        if (!reader.IsAssembly) throw new PluginManifestException("is not a .NET assembly, but a module of one");
        AssemblyDefinition assembly = reader.GetAssemblyDefinition();
        foreach (CustomAttributeHandle handle in assembly.GetCustomAttributes())
        {
            CustomAttribute attribute = reader.GetCustomAttribute(handle);
            if (!IsPluginAttribute(reader, attribute, out BlobHandle signature)) continue;
            return ReadAttribute(reader.GetBlobReader(attribute.Value), reader.GetBlobReader(signature), assembly.Version);
        }

        return null;
    }

    private static bool IsPluginAttribute(MetadataReader reader, CustomAttribute attribute, out BlobHandle signature)
    {
        signature = default;
        if (attribute.Constructor.Kind != HandleKind.MemberReference) return false;
        MemberReference constructor = reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor);
        if (constructor.Parent.Kind != HandleKind.TypeReference) return false;
        TypeReference type = reader.GetTypeReference((TypeReferenceHandle)constructor.Parent);
        signature = constructor.Signature;
        return reader.StringComparer.Equals(type.Name, nameof(IoMethodPluginAttribute))
            && reader.StringComparer.Equals(type.Namespace, typeof(IoMethodPluginAttribute).Namespace!);
    }

    private static PluginManifest ReadAttribute(BlobReader value, BlobReader signature, Version version)
    {
        signature.ReadSignatureHeader();
        if (signature.ReadCompressedInteger() != AttributeArgumentCount || value.ReadUInt16() != AttributeProlog)
        {
            throw new PluginManifestException(
                $"has an IoMethodPlugin attribute of another shape: compile it against contract {IoContract.Major}.{IoContract.Minor}");
        }

        string? name = value.ReadSerializedString();
        string? factory = value.ReadSerializedString();
        int major = value.ReadInt32();
        int minor = value.ReadInt32();
        if (name is null || factory is null)
        {
            throw new PluginManifestException("has an IoMethodPlugin attribute without a name or without a factory: give both");
        }

        return new PluginManifest(name, factory, major, minor, version);
    }

    private sealed class PluginManifestException(string message) : Exception(message);
}

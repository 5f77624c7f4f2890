namespace Sluice.Storage;

/// <summary>What a <see cref="DropRule"/> names.</summary>
internal enum DropScope
{
    Relation,
    Database,
}

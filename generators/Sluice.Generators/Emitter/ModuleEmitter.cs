using Microsoft.CodeAnalysis.Text;
using Sluice.Generators.Helpers;
using Sluice.Generators.Model;

namespace Sluice.Generators.Emitter;

/// <summary>Prints the class by which a host registers all targets and callbacks of an assembly.</summary>
internal static class ModuleEmitter
{
    /// <summary>Prints the class; entries come sorted, so that their order in the sources changes nothing.</summary>
    public static SourceText Emit(ModuleOptions options, IEnumerable<ModuleEntry> targets, IEnumerable<ModuleEntry> callbacks)
    {
        int lastDot = options.FullName.LastIndexOf('.');
        string space = lastDot < 0 ? "" : Text.EscapeDotted(options.FullName.Substring(0, lastDot));
        string name = Text.Escape(options.FullName.Substring(lastDot + 1));

        CodeWriter writer = SourceFile.Begin();
        if (space.Length > 0)
        {
            writer.Open($"namespace {space}");
        }

        writer.Line("/// <summary>");
        writer.Line($"/// Registers every target and callback of this assembly: <c>options.Modules.Add({Text.Xml(name)}.Instance)</c>.");
        writer.Line("/// </summary>");
        writer.Line(SourceFile.GeneratedCode);
        writer.Open($"public sealed class {name} : global::Sluice.AioModule");
        writer.Open($"private {name}()");
        writer.Close();
        writer.Line();
        writer.Line("/// <summary>The only instance.</summary>");
        writer.Line($"public static {name} Instance {{ get; }} = new {name}();");
        writer.Line();
        writer.Line("/// <inheritdoc/>");
        writer.Line($"public override string Name => {Text.Literal(options.FullName)};");
        writer.Line();
        writer.Line("/// <inheritdoc/>");
        writer.Open("protected override void Register(global::Sluice.AioModuleBuilder builder)");
        EmitEntries(writer, "AddTarget", targets);
        EmitEntries(writer, "AddCallback", callbacks);
        writer.Close();
        writer.Close();
        if (space.Length > 0)
        {
            writer.Close();
        }

        return writer.ToSourceText();
    }

    private static void EmitEntries(CodeWriter writer, string method, IEnumerable<ModuleEntry> entries)
    {
        foreach (ModuleEntry entry in entries)
        {
            writer.Line($"builder.{method}<{entry.Reference}>();");
        }
    }
}

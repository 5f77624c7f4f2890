using System.CommandLine;
using Sluice.Tool.Infrastructure;
using Sluice.Tool.Methods;

namespace Sluice.Tool.Commands;

/// <summary><c>sluice methods</c>: what there is, whether it works here, and why not.</summary>
internal static class MethodsCommand
{
    internal static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Print a JSON array, one object per method" };
        Command command = new(
            "methods", "List the io_methods: state, version, what each can do and negotiated here, or why it cannot be used") { json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            MethodSurvey survey = await Task.Run(() => MethodSurvey.Make(cancellationToken), cancellationToken);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(json)) output.WriteLine(MethodSurveyText.ToJson(survey));
            else MethodSurveyText.Write(survey, ToolConsole.On(output));
            return Program.Done;
        });
        return command;
    }
}

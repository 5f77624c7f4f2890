namespace Sluice.Tool.Bench.Report;

/// <summary>How the report looks: light and dark by the reader's setting, one column on a phone.</summary>
internal static class HtmlStyle
{
    internal const string Css = """
        :root {
          color-scheme: light dark;
          --ground: #f6f7f9; --card: #ffffff; --text: #17202b; --soft: #4d5a69; --line: #d8dee6;
          --bar: #0b6bcb; --track: #e8edf3; --hatch: #8a5a00; --hatch-ground: #f3ddb3; --accent: #0b5cad;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --ground: #10151b; --card: #18202a; --text: #e8edf3; --soft: #a9b6c5; --line: #2d3947;
            --bar: #5aa9f5; --track: #263140; --hatch: #f0b64d; --hatch-ground: #5b4314; --accent: #8cc4ff;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--ground); color: var(--text);
               font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        header, main { max-width: 66rem; margin: 0 auto; padding: 0 1rem; }
        header { padding-top: 2rem; }
        h1 { font-size: clamp(1.5rem, 5vw, 2.1rem); line-height: 1.2; margin: 0 0 1rem; }
        h2 { font-size: 1.2rem; line-height: 1.3; margin: 0 0 .25rem; }
        p { margin: 0 0 .75rem; color: var(--soft); }
        .verdict { font-size: 1.15rem; color: var(--text); border-left: 4px solid var(--bar); padding-left: .9rem; }
        .note { color: var(--text); font-weight: 600; }
        .facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .6rem 1.5rem; margin: 1.25rem 0; }
        .facts dt { font-size: .8rem; color: var(--soft); }
        .facts dd { margin: 0; overflow-wrap: anywhere; }
        section, aside { background: var(--card); border: 1px solid var(--line); border-radius: 12px;
                         padding: 1.1rem; margin: 0 0 1.25rem; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr));
                  gap: 1rem 2rem; margin-bottom: 1rem; }
        figure { margin: 0; }
        figcaption { font-weight: 600; margin-bottom: .4rem; }
        svg { display: block; width: 100%; max-width: 30rem; height: auto; }
        svg text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--text); }
        svg .value { font-weight: 600; font-variant-numeric: tabular-nums; }
        .bar { fill: var(--bar); }
        .track { fill: var(--track); }
        .hatch-ground { fill: var(--hatch-ground); }
        .hatch-line { fill: var(--hatch); }
        .scroll { overflow-x: auto; }
        .scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
        table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; white-space: nowrap; }
        th, td { padding: 0.4rem .6rem; text-align: right; border-bottom: 1px solid var(--line); }
        thead th { color: var(--soft); font-weight: 600; vertical-align: bottom; }
        th:first-child { text-align: left; padding-left: 0; }
        tbody th { font-weight: 600; }
        tbody tr:last-child > * { border-bottom: 0; }
        .baseline > * { background: color-mix(in srgb, var(--hatch-ground) 45%, transparent); }
        .baseline th:first-child { padding-left: .4rem; }
        details { margin-top: .75rem; }
        summary { cursor: pointer; color: var(--accent); }
        .commands dt { font-size: .85rem; color: var(--soft); margin-top: .5rem; }
        .commands dd { margin: 0; }
        code { font: .85rem ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: nowrap; }
        ul { margin: 0; padding-left: 1.2rem; color: var(--soft); }
        li { margin-bottom: .3rem; overflow-wrap: anywhere; }

        """;
}

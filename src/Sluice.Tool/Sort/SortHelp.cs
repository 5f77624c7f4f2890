namespace Sluice.Tool.Sort;

/// <summary>The help of <c>sluice sort</c>.</summary>
internal static class SortHelp
{
    internal const string Text = """
        Usage: sluice sort [OPTION]... [FILE]...

        Writes the lines of all FILEs sorted, byte for byte as GNU sort does in the C locale.
        With no FILE, or when FILE is -, reads the standard input.

        Order:
          -b, --ignore-leading-blanks   ignore blanks before a key
          -d, --dictionary-order        consider only blanks, letters and digits
          -f, --ignore-case             take lower case for upper case
          -g, --general-numeric-sort    compare as floating-point numbers
          -h, --human-numeric-sort      compare numbers with suffixes (2K, 1G)
          -i, --ignore-nonprinting      consider only printable characters
          -M, --month-sort              compare as names of months (JAN < ... < DEC)
          -n, --numeric-sort            compare as decimal numbers of any length
          -r, --reverse                 reverse the order
          -R, --random-sort             by chance, equal keys together
              --random-source=FILE      the chance: the first 16 bytes of FILE
          -V, --version-sort            compare as versions: numbers in the text as numbers
              --sort=WORD               general-numeric -g, human-numeric -h, month -M, numeric -n, random -R, version -V
          -k, --key=KEY                 sort by a key: F[.C][letters][,F[.C][letters]]; can be given several times
          -t, --field-separator=BYTE    what separates fields, instead of the change from other characters to blanks; \0 for NUL

        What is done:
              --files0-from=FILE        take the names of the inputs, each ended by NUL, from FILE, or from the standard input (-)
          -c, --check                   check that the input is sorted; say where it is not
          -C, --check=quiet             the same without a word
          -m, --merge                   merge files that are sorted already
          -o, --output=FILE             write to FILE, which may be one of the inputs
          -s, --stable                  keep the order of lines whose keys are equal
          -u, --unique                  write only the first of lines that are equal
          -z, --zero-terminated         lines end with NUL, not with newline

        How:
          -S, --buffer-size=SIZE        memory to use: a number with b, K (if there is none), M, G, T or %
          -T, --temporary-directory=DIR where temporary files go, instead of $TMPDIR or /tmp; several are used in turn
              --batch-size=N            merge at most N at once
              --compress-program=PROG   taken and not needed: temporary files are not compressed
              --parallel=N              how many threads sort
              --method=NAME             the io_method: a name of 'sluice methods', or auto
              --stats                   say on stderr what it took
              --help                    print this
              --version                 print which version this is

        Ends with 0 when all went well, with 1 when -c or -C found disorder, with 2 when something went wrong.
        """;
}

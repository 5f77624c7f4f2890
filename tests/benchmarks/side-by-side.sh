#!/usr/bin/env bash
# Measures the rows of docs/performance.md side by side: what Sluice does and what it is compared with take turns (A, B, A, B, ...)
# on the same file, and the medians are compared. Prints a Markdown table. Run it on a quiet machine.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/benchmarks/side-by-side.sh [--row NAME]... [--rounds N] [--seconds N] [--size SIZE] [--dir DIR] [--no-build] [--list]

  --row NAME     only this row; can be given several times (all)
  --rounds N     how often both sides take a turn (5)
  --seconds N    how long each turn is measured (5)
  --size SIZE    size of the data file, such as 512M or 2G (1G)
  --dir DIR      where the data file is made; a folder on the device to measure (the temporary folder)
  --no-build     take the tool as it was built last
  --list         print the names of the rows
TEXT
}

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
all_rows=(randread randread-loop randread-await depth randomaccess cached-registered cached-sync cached-worker
  cached-worker-depth1 seqread randwrite randwrite-sync logwrite null allocations copy
  scan-direct scan-cached bitmap checksum checkpoint checkpoint-sync checkpoint-runs pin bulkwrite verify-cold verify-warm storage-allocations)

# External sorts, and temporary files that hash joins spill to.
all_rows+=(sort-tool sort-tool8 sort-memory sort-api sort-merge spill-file spill-join)

# The write-ahead log's.
all_rows+=(crc wal-commit1 wal-commit1-4k wal-commit32 wal-latency32 wal-commit32-sync wal-bulk wal-append wal-append2 wal-switch wal-recover wal-replay wal-fill)
rows=()
rounds=5
seconds=5
size=1G
dir="${TMPDIR:-/tmp}"
build=true

fail() { echo "side-by-side: $*" >&2; exit 2; }

while (($# > 0)); do
  case "$1" in
    --row|--rounds|--seconds|--size|--dir)
      (($# > 1)) || fail "$1 needs a value."
      case "$1" in
        --row) rows+=("$2") ;;
        --rounds) rounds="$2" ;;
        --seconds) seconds="$2" ;;
        --size) size="$2" ;;
        --dir) dir="$2" ;;
      esac
      shift 2 ;;
    --no-build) build=false; shift ;;
    --list) printf '%s\n' "${all_rows[@]}"; exit 0 ;;
    -h|--help) usage; exit 0 ;;
    *) usage >&2; fail "there is no option '$1'." ;;
  esac
done

((${#rows[@]} > 0)) || rows=("${all_rows[@]}")
for row in "${rows[@]}"; do
  [[ " ${all_rows[*]} " == *" $row "* ]] || fail "there is no row '$row'; known: ${all_rows[*]}."
done
[[ "$rounds" =~ ^[1-9][0-9]*$ ]] || fail "--rounds is '$rounds': give a whole number from 1."
[[ -d "$dir" ]] || fail "--dir $dir is no folder."
have_fio=true
if ! command -v fio > /dev/null; then
  have_fio=false
  echo "side-by-side: fio is not installed: rows that compare with it are left out (Debian: apt-get install fio)." >&2
fi

tool="$root/src/Sluice.Tool/bin/Release/net10.0/Sluice.Tool.dll"
if $build; then dotnet build "$root/src/Sluice.Tool/Sluice.Tool.csproj" -c Release -v quiet --nologo >&2; fi
[[ -f "$tool" ]] || fail "the tool is not built: leave --no-build out."

work="$(mktemp -d "$dir/sluice-side-by-side-XXXXXX")"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
file="$work/data"

# Rows of storage work on a relation of their own; it is made by the first of them.
cluster="$work/cluster"
relation="$cluster/base/5/16384"

# Written in full with data that does not compress, so that there are neither holes nor unwritten extents.
dotnet "$tool" bench seqread --method sync --file "$file" --size "$size" --overwrite --seconds 0.05 > /dev/null 2>&1 || fail "the data file cannot be made in $dir."

# Both sides print: operations per second, CPU microseconds per operation, bytes allocated per operation.
sluice() {
  dotnet "$tool" bench "$@" --file "$file" --size "$size" --seconds "$seconds" --json 2> "$work/error" > "$work/json" || { cat "$work/error" >&2; return 1; }
  awk -F'[:,]' '/"operationsPerSecond"/ {o=$2} /"cpuMicrosecondsPerOperation"/ {c=$2} /"allocatedBytesPerOperation"/ {a=$2} END {print o+0, c+0, a+0}' "$work/json"
}

# Fields of fio's terse output, version 3: 8 read IOPS, 49 write IOPS, 88 and 89 user and system time in percent of the run time.
# Latencies are measured, as ours are; no ramp, so that the CPU figures are those of the measured time.
with_fio() {
  fio --name=row --filename="$file" --size="$size" --ioengine=io_uring --numjobs=1 --time_based --runtime="$seconds" \
    --norandommap --randrepeat=1 --invalidate=0 --fadvise_hint=0 --group_reporting --minimal --terse-version=3 "$@" > "$work/fio" 2> "$work/error" \
    || { cat "$work/error" >&2; return 1; }
  awk -F';' '/^3;/ {gsub("%", ""); o=$8+$49; print o, (o > 0 ? ($88+$89)*10000/o : 0), 0}' "$work/fio"
}

# A hash join of four times its memory; the size is that of both sides together. Per record joined, not per I/O.
spill() {
  TMPDIR="$work" dotnet "$tool" bench spill --size "$size" --seconds "$seconds" --json "$@" 2> "$work/error" > "$work/json" || { cat "$work/error" >&2; return 1; }
  awk -F'[:,]' '/"recordsPerSecond"/ {o=$2} /"seconds"/ {s=$2} /"operations"/ {n=$2} /"records"/ {r=$2} /"cpuMicrosecondsPerOperation"/ {c=$2}
    /"allocatedBytesPerOperation"/ {a=$2} END {print o+0, (r > 0 ? c*n/r : 0), a+0}' "$work/json"
}

# A temporary file written and read in order: blocks per second of both together.
spill_file() {
  TMPDIR="$work" dotnet "$tool" bench spill --phase file --size "$size" --seconds "$seconds" --json "$@" 2> "$work/error" > "$work/json" || { cat "$work/error" >&2; return 1; }
  awk -F'[:,]' '/"seconds"/ {s+=$2} /"operations"/ {o=$2; n+=$2} /"cpuMicrosecondsPerOperation"/ {c+=$2*o} /"allocatedBytesPerOperation"/ {a+=$2*o}
    END {print n/s, c/n, a/n}' "$work/json"
}

# Pages per second, CPU microseconds per page, bytes allocated per page.
storage() {
  mkdir -p "$cluster"
  dotnet "$tool" bench "$@" --data-directory "$cluster" --size "$size" --seconds "$seconds" --json 2> "$work/error" > "$work/json" || { cat "$work/error" >&2; return 1; }
  awk -F'[:,]' '/"pagesPerSecond"/ {o=$2} /"cpuMicrosecondsPerOperation"/ {c=$2} /"allocatedBytesPerOperation"/ {a=$2} END {print o+0, c+0, a+0}' "$work/json"
}

make_relation() { [[ -f "$relation" ]] || (seconds=0.05; storage scan --method sync > /dev/null); }

# fio on the file of the relation, in pages of 8 KiB per second.
# What fio writes is no page any more, so it gets a copy for that.
fio_pages() {
  local block="$1" pages="$relation"; shift
  make_relation
  if [[ "$*" == *write* ]]; then
    pages="$work/pages"
    [[ -f "$pages" ]] || { cp "$relation" "$pages" && sync "$pages"; }
  fi
  fio --name=row --filename="$pages" --size="$size" --bs="$block" --ioengine=io_uring --numjobs=1 --time_based --runtime="$seconds" --direct=1 \
    --norandommap --randrepeat=1 --invalidate=0 --fadvise_hint=0 --group_reporting --minimal --terse-version=3 "$@" > "$work/fio" 2> "$work/error" \
    || { cat "$work/error" >&2; return 1; }
  awk -F';' -v pages="$(( ${block%k} / 8 ))" '/^3;/ {gsub("%", ""); o=($8+$49)*pages; print o, (o > 0 ? ($88+$89)*10000/o : 0), 0}' "$work/fio"
}

# Operations per second of a command that does so many in one go.
timed() {
  local count="$1" begin end; shift
  begin="$(date +%s.%N)"
  "$@" > "$work/out" 2> "$work/error" || { cat "$work/error" >&2; return 1; }
  end="$(date +%s.%N)"
  awk -v n="$count" -v a="$begin" -v b="$end" 'BEGIN {print n/(b-a), 0, 0}'
}

pages_of() { echo $(( $(stat -c %s "$1") / 8192 )); }

# To /dev/null by its shell's own hand: timed keeps what a command prints in a file.
cat_to_null() { cat "$1" > /dev/null; }
cat_relation() { make_relation; timed "$(pages_of "$relation")" cat_to_null "$relation"; }

# Both sides make a new file of the same bytes and sync it.
dd_pages() {
  make_relation
  rm -f "$work/dd"
  local count; count="$(pages_of "$relation")"
  timed "$count" dd if=/dev/zero of="$work/dd" bs=8k count="$count" conv=fsync status=none
}

# The files of a cluster that pg_checksums and sluice verify both read; made of copies of the one that comes with the tests.
pg_checksums="$(command -v pg_checksums || ls /usr/lib/postgresql/*/bin/pg_checksums 2> /dev/null | tail -1 || true)"
real_cluster="${SLUICE_CLUSTER:-}"

verify_side() {
  if [[ "$2" == cold ]]; then find "$real_cluster" -type f -size +0 -exec dd if={} iflag=nocache count=0 status=none \; ; fi
  if [[ "$1" == sluice ]]; then timed 1 dotnet "$tool" verify "$real_cluster"; else timed 1 "$pg_checksums" --check -D "$real_cluster"; fi
}

verify_row() {
  if [[ -z "$pg_checksums" || -z "$real_cluster" ]]; then
    echo "| $1 | >= 1.5 | not measured: needs pg_checksums (Debian: postgresql-15) and SLUICE_CLUSTER=a cluster of >= 1 GiB that is shut down | | | | | |"
    return
  fi
  compare "$1: sluice verify / pg_checksums --check (clusters per second)" ">= 1.5" "verify_side sluice $2" "verify_side pg $2"
}

# Figures that BenchmarkDotNet measures: see tests/Sluice.Benchmarks.
benchmark_row() {
  if [[ ! -d "$root/tests/Sluice.Benchmarks" ]] || ! dotnet run --project "$root/tests/Sluice.Benchmarks" -c Release -- --list flat 2> /dev/null | grep -q "$2"; then
    echo "| $1 | $3 | not measured: there is no benchmark $2 | | | | | |"
    return
  fi
  dotnet run --project "$root/tests/Sluice.Benchmarks" -c Release -- --filter "*$2*" --job short 2>&1 | grep '^|' >&2
  echo "| $1 | $3 | see the table of BenchmarkDotNet above | | | | | |"
}

storage_allocations_row() {
  local method scenario bytes worst=0 at=""
  for method in io_uring worker sync; do
    for scenario in "scan" "scan --direct" "checkpoint --pages 20000 --direct"; do
      echo "storage-allocations: $scenario $method" >&2
      bytes="$(storage $scenario --method "$method" | cut -d' ' -f3)"
      if awk -v a="$bytes" -v b="$worst" 'BEGIN {exit !(a > b)}'; then worst="$bytes"; at="$scenario $method"; fi
    done
  done
  echo "| storage-allocations | 0 bytes per page | ${worst} bytes at most${at:+ ($at)}; a checkpoint itself takes some, whatever its pages | | | | | |"
}

into_cache() { cat "$file" > /dev/null; }

median() { sort -g | awk '{v[NR]=$1} END {print (NR % 2 ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2)}'; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN {if (b > 0) printf "%.2f", a/b; else print "-"}'; }

# compare NAME BAR "A" "B": both sides take turns; prints a line of the table.
compare() {
  local name="$1" bar="$2" a="$3" b="$4" round
  if [[ "$b" == with_fio* || "$b" == fio_* ]] && ! $have_fio; then echo "| $name | $bar | not measured: fio is missing | | | | | |"; return; fi
  : > "$work/a"; : > "$work/b"
  for ((round = 1; round <= rounds; round++)); do
    echo "$name: round $round of $rounds" >&2
    if ! $a >> "$work/a" || ! $b >> "$work/b"; then echo "| $name | $bar | failed: see stderr | | | | | |"; return; fi
  done
  local ao ac bo bc
  ao="$(cut -d' ' -f1 "$work/a" | median)"; ac="$(cut -d' ' -f2 "$work/a" | median)"
  bo="$(cut -d' ' -f1 "$work/b" | median)"; bc="$(cut -d' ' -f2 "$work/b" | median)"
  printf '| %s | %s | %.0f | %.0f | %s | %.2f | %.2f | %s |\n' "$name" "$bar" "$ao" "$bo" "$(ratio "$ao" "$bo")" "$ac" "$bc" "$(ratio "$ac" "$bc")"
}

copy_seconds() {
  rm -f "$work/copy"
  sync
  # Drops the file from the cache, without being root.
  dd if="$file" iflag=nocache count=0 status=none
  local begin end
  begin="$(date +%s.%N)"
  if [[ "$1" == sluice ]]; then
    if ! dotnet "$tool" copy "$file" "$work/copy" --fsync > /dev/null 2> "$work/error"; then cat "$work/error" >&2; return 1; fi
  else
    cp "$file" "$work/copy"
    sync
  fi
  end="$(date +%s.%N)"
  awk -v a="$begin" -v b="$end" 'BEGIN {print 1/(b-a), 0, 0}'
}

null_row() {
  local round
  : > "$work/a"
  for ((round = 1; round <= rounds; round++)); do
    echo "null: round $round of $rounds" >&2
    dotnet "$tool" bench null --depth 32 --seconds "$seconds" --json 2> /dev/null \
      | awk -F'[:,]' '/"cpuMicrosecondsPerOperation"/ {c[n++]=$2+0} END {printf "%.2f %.1f %.1f\n", 100*c[0]/c[1], 1000*c[0], 1000*c[1]}' >> "$work/a"
  done
  printf '| null | at most 15 %% of one 8 KiB pread | %s ns CPU | %s ns CPU | %s %% | | | |\n' \
    "$(cut -d' ' -f2 "$work/a" | median)" "$(cut -d' ' -f3 "$work/a" | median)" "$(cut -d' ' -f1 "$work/a" | median)"
}

allocations_row() {
  local method mode scenario worst=0 at="" bytes
  for scenario in randread randwrite logwrite; do
    for method in io_uring worker sync; do
      for mode in blocking await loop; do
        echo "allocations: $scenario $method $mode" >&2
        bytes="$(sluice "$scenario" --method "$method" --mode "$mode" --overwrite --durable writethrough | cut -d' ' -f3)"
        if awk -v a="$bytes" -v b="$worst" 'BEGIN {exit !(a > b)}'; then worst="$bytes"; at="$scenario $method $mode"; fi
      done
    done
  done
  echo "| allocations | 0 bytes per I/O | ${worst} bytes at most${at:+ ($at)} | | | | | |"
}

# External sorts and merges. Sizes are their own: 2 GiB of lines, as many records as --size for the rest.
sort_bench() {
  dotnet "$tool" bench sort "$@" --size "$size" --dir "$work" --direct --json 2> "$work/error" > "$work/json" || { cat "$work/error" >&2; return 1; }
  awk -F'[:,]' '/"seconds"/ {s+=$2} /"operations"/ {n+=$2} /"cpuMicrosecondsPerOperation"/ {c=$2} /"allocatedBytesPerOperation"/ {a=$2} END {print n/s, c+0, a+0}' "$work/json"
}

# 21.5 million lines of 100 bytes, ten random characters first.
# Lines of 100 bytes with keys of ten; so many times 2 GiB.
lines_of() { echo $((21500000 * $1)); }

make_lines() {
  [[ -f "$work/lines$1" ]] && return
  head -c $((161250000 * $1)) /dev/urandom | base64 -w 10 | awk '{printf "%s%089d\n", $0, 0}' > "$work/lines$1"
}

# sort_seconds sluice|gnu times: lines per second, processor microseconds per line; both from the cache, and to the same directory.
sort_seconds() {
  make_lines "$2"
  rm -f "$work/sorted"
  cat "$work/lines$2" > /dev/null
  local command=(sort) TIMEFORMAT='%R %U %S'
  [[ "$1" == sluice ]] && command=(dotnet "$tool" sort)
  { time LC_ALL=C "${command[@]}" -S 256M --parallel=2 -T "$work" -o "$work/sorted" "$work/lines$2" 2> "$work/error"; } 2> "$work/time" || { cat "$work/error" >&2; return 1; }
  awk -v n="$(lines_of "$2")" '{print n/$1, ($2+$3)*1000000/n, 0}' "$work/time"
}

# The most memory that a sort of 2 GiB ever has resident, in MiB.
sort_memory_row() {
  local most=0 peak process
  make_lines 1
  dotnet "$tool" sort -S 256M --parallel=2 -T "$work" -o "$work/sorted" "$work/lines1" 2> "$work/error" &
  process=$!
  while peak="$(awk '/^VmHWM/ {print $2}' "/proc/$process/status" 2> /dev/null)" && [[ -n "$peak" ]]; do most="$peak"; sleep 0.2; done
  wait "$process" || { cat "$work/error" >&2; return 1; }
  echo "| $1: most memory resident, sluice sort -S 256M of 2 GiB, in MiB | <= 336 | $((most / 1024)) | | | | | |"
}

# Blocks per second of both together, by fio's own clock: its start is not counted.
fio_write_read() {
  local way
  : > "$work/fio"
  for way in write "read --readonly"; do
    fio --name=row --filename="$work/fio-data" --size="$size" --ioengine=io_uring --bs=128k --iodepth=16 --direct=1 --rw=$way --minimal --terse-version=3 >> "$work/fio" 2> "$work/error" \
      || { cat "$work/error" >&2; return 1; }
  done
  rm -f "$work/fio-data"
  awk -F';' '/^3;/ {gsub("%", ""); b+=($6+$47)/128; t+=($9+$50)/1000; c+=($88+$89)/100*($9+$50)*1000} END {print b/t, c/b, 0}' "$work/fio"
}

# The write-ahead log: its own folder beside the data file. The first argument is what is compared: operations or bytes.
wal() {
  local key="$1"; shift

  # What a row says comes last and counts.
  local took=(--seconds "${seconds%.*}")
  [[ " $* " == *" --seconds "* ]] && took=()
  dotnet "$tool" bench wal "$@" --dir "$work" ${took[@]+"${took[@]}"} --json 2> "$work/error" > "$work/json" || { cat "$work/error" >&2; return 1; }
  awk -F'[:,]' -v key="\"$key\"" '$1 ~ key {o=$2} /"cpuMicrosecondsPerOperation"/ {c=$2} /"allocatedBytesPerOperation"/ {a=$2} END {print o+0, c+0, a+0}' "$work/json"
}

# The fastest way in which fio makes a block durable, one at a time.
fio_durable() {
  local dsync flush
  dsync="$(with_fio --rw=write --bs="$1" --iodepth=1 --direct=1 --sync=dsync)" || return 1
  flush="$(with_fio --rw=write --bs="$1" --iodepth=1 --direct=1 --fdatasync=1)" || return 1
  printf '%s\n%s\n' "$dsync" "$flush" | sort -g | tail -1
}

# Bytes per second of sequential direct transfers of 128 KiB, 16 in flight.
fio_bytes() { with_fio --rw="$1" --bs=128k --iodepth=16 --direct=1 | awk '{print $1*131072, $2, 0}'; }

# Both figures are of the same run: commits that saw the log go on to another segment, and all of them.
wal_switch_row() {
  local round
  : > "$work/a"
  for ((round = 1; round <= rounds; round++)); do
    echo "wal-switch: round $round of $rounds" >&2
    if ! wal p99 --clients 32 --seconds 10 > /dev/null; then echo "| wal-switch | <= 3 | failed: see stderr | | | | | |"; return; fi
    awk -F'[:,]' '/"slowestAtSwitchMicroseconds"/ {s=$2} /"p99"/ {p=$2} /"segmentSwitches"/ {n=$2} END {print (p > 0 ? s/p : 0), s+0, p+0, n+0}' "$work/json" >> "$work/a"
  done
  printf '| wal-switch: slowest of 32 committers while the log goes on to another segment / p99, 10 s, microseconds (%s such commits) | <= 3 | %.0f | %.0f | %.2f | | | |\n' \
    "$(cut -d' ' -f4 "$work/a" | median)" "$(cut -d' ' -f2 "$work/a" | median)" "$(cut -d' ' -f3 "$work/a" | median)" "$(cut -d' ' -f1 "$work/a" | median)"
}

wal_row() {
  case "$1" in
    # A commit of 128 bytes writes the block that the record ends in: as large a one as fio's.
    wal-commit1) compare "$1: one committer, blocks of 8 KiB / fio, fastest durable form, 8 KiB, depth 1" ">= 0.9" "wal operationsPerSecond --clients 1 --mode blocking --block 8k" "fio_durable 8k" ;;
    wal-commit1-4k) compare "$1: one committer, blocks of 4 KiB (usual) / fio, fastest durable form, 4 KiB, depth 1" "none" "wal operationsPerSecond --clients 1 --mode blocking" "fio_durable 4k" ;;
    wal-latency32) compare "$1: p50 of 32 committers / of 1, microseconds" "<= 2.5" "wal p50 --clients 32" "wal p50 --clients 1" ;;
    wal-commit32) compare "$1: 32 committers / 1" ">= 12" "wal operationsPerSecond --clients 32" "wal operationsPerSecond --clients 1" ;;
    wal-commit32-sync) compare "$1: 32 committers, io_uring / sync, one flush in flight" ">= 1.5" "wal operationsPerSecond --clients 32 --method io_uring" "wal operationsPerSecond --clients 32 --method sync --mode blocking --flushes 1" ;;
    wal-bulk) compare "$1: 64 KiB records, bytes/s / fio, sequential 128 KiB direct writes" ">= 0.85" "wal bytesPerSecond --what bulk --record 64k" "fio_bytes write" ;;
    wal-append) compare "$1: append of 128 bytes, 1 thread (250 ns are 4,000,000/s)" ">= 4000000" "wal operationsPerSecond --what append --clients 1" "echo 4000000 0 0" ;;
    wal-append2) compare "$1: append of 128 bytes, 2 threads / 1" ">= 1.6" "wal operationsPerSecond --what append --clients 2" "wal operationsPerSecond --what append --clients 1" ;;
    wal-switch) wal_switch_row ;;
    wal-recover) compare "$1: opening 1 GiB of log, bytes/s / fio, sequential 128 KiB direct reads" ">= 0.7" "wal bytesPerSecond --what recover --size 1G" "fio_bytes read" ;;
    wal-replay) compare "$1: replay of 32 MiB of log about 256 MiB of pages in 32 MiB of memory, bytes/s: io_uring / sync, a page at a time" ">= 3" "wal bytesPerSecond --what replay --size 32M --method io_uring" "wal bytesPerSecond --what replay --size 32M --method sync --reads 0" ;;
    wal-fill) compare "$1: one committer, 8000 bytes, O_DSYNC, new segments of zeros / new segments allocated" "none" "wal operationsPerSecond --clients 1 --mode blocking --record 8000 --sync-form opendatasync --fresh" "wal operationsPerSecond --clients 1 --mode blocking --record 8000 --sync-form opendatasync --fresh --allocate" ;;
  esac
}

echo "$(uname -sr), $(nproc) cores, $(df --output=fstype "$dir" | tail -1 | tr -d ' ') in $(df --output=source "$dir" | tail -1), $size file, $rounds rounds of $seconds s, medians$($have_fio && echo ", $(fio --version)")"
echo
echo "| row | bar | A, ops/s | B, ops/s | A/B | A, CPU us/op | B, CPU us/op | CPU A/B |"
echo "|---|---|---|---|---|---|---|---|"
for row in "${rows[@]}"; do
  case "$row" in
    randread) compare "$row: io_uring, blocking / fio" ">= 0.95, CPU <= 1.3" "sluice randread --method io_uring --mode blocking --direct" "with_fio --rw=randread --bs=8k --iodepth=32 --direct=1 --readonly" ;;
    randread-loop) compare "$row: io_uring, loop / fio" ">= 0.95, CPU <= 1.3" "sluice randread --method io_uring --mode loop --direct" "with_fio --rw=randread --bs=8k --iodepth=32 --direct=1 --readonly" ;;
    randread-await) compare "$row: io_uring, await / fio" ">= 0.80" "sluice randread --method io_uring --mode await --direct" "with_fio --rw=randread --bs=8k --iodepth=32 --direct=1 --readonly" ;;
    depth) compare "$row: depth 32 / depth 1, direct" ">= 3.5" "sluice randread --method io_uring --direct --depth 32" "sluice randread --method io_uring --direct --depth 1" ;;
    randomaccess) compare "$row: io_uring / RandomAccess.ReadAsync x 32, direct" ">= 1.6, CPU <= 0.4" "sluice randread --method io_uring --direct" "sluice randread --method randomaccess --direct" ;;
    cached-registered) into_cache; compare "$row: io_uring registered, page cache / fio registered" ">= 1.2" "sluice randread --method io_uring --registered" "with_fio --rw=randread --bs=8k --iodepth=32 --direct=0 --fixedbufs=1 --registerfiles=1 --readonly" ;;
    cached-sync) into_cache; compare "$row: sync / pread loop, page cache" ">= 0.92" "sluice randread --method sync" "sluice randread --method pread" ;;
    cached-worker) into_cache; compare "$row: worker / sync, page cache, depth 32" ">= 0.95" "sluice randread --method worker" "sluice randread --method sync" ;;
    cached-worker-depth1) into_cache; compare "$row: worker / sync, page cache, depth 1" ">= 0.85" "sluice randread --method worker --depth 1" "sluice randread --method sync --depth 1" ;;
    seqread) compare "$row: io_uring registered, 128 KiB x 16, direct / fio registered" ">= 0.97" "sluice seqread --method io_uring --block 128k --depth 16 --direct --registered" "with_fio --rw=read --bs=128k --iodepth=16 --direct=1 --fixedbufs=1 --registerfiles=1 --readonly" ;;
    randwrite) compare "$row: io_uring, direct / fio" ">= 0.95" "sluice randwrite --method io_uring --direct --overwrite" "with_fio --rw=randwrite --bs=8k --iodepth=32 --direct=1" ;;
    randwrite-sync) compare "$row: io_uring / sync, direct" ">= 4" "sluice randwrite --method io_uring --direct --overwrite" "sluice randwrite --method sync --direct --overwrite" ;;
    logwrite) compare "$row: io_uring, depth 8 / sync write + fdatasync one at a time" ">= 3" "sluice logwrite --method io_uring --depth 8 --direct --overwrite" "sluice logwrite --method sync --depth 1 --durable separate --direct --overwrite" ;;
    null) null_row ;;
    allocations) allocations_row ;;
    scan-direct) compare "$row: io_uring, checksums verified / fio read 128 KiB x 16 (pages)" ">= 0.95" "storage scan --method io_uring --direct --depth 16" "fio_pages 128k --rw=read --iodepth=16 --readonly" ;;
    scan-cached) make_relation; cat "$relation" > /dev/null; compare "$row: worker, checksums verified / cat (pages)" ">= 0.8" "storage scan --method worker --depth 4 --combine 32" "cat_relation" ;;
    bitmap) compare "$row: every 8th block, direct, io_uring / sync (pages)" ">= 3.5" "storage bitmap --method io_uring --every 8 --direct --depth 32" "storage bitmap --method sync --every 8 --direct --depth 32" ;;
    checksum) benchmark_row "$row" "PageChecksum" ">= 3 x the scalar loop" ;;
    crc) benchmark_row "$row" "Crc32C" ">= 10 GB/s for 64 KiB" ;;
    checkpoint) compare "$row: 60,000 random pages, direct, io_uring / fio randwrite 8 KiB x 32 (pages)" ">= 0.8" "storage checkpoint --method io_uring --pages 60000 --direct --depth 32" "fio_pages 8k --rw=randwrite --iodepth=32" ;;
    checkpoint-sync) compare "$row: 60,000 random pages, direct, io_uring / sync one page at a time" ">= 5" "storage checkpoint --method io_uring --pages 60000 --direct --depth 32" "storage checkpoint --method sync --pages 60000 --direct --combine 1" ;;
    checkpoint-runs) compare "$row: runs of 16, direct, io_uring / fio write 128 KiB x 32 (pages)" ">= 0.85" "storage checkpoint --method io_uring --pages 60000 --run 16 --direct --depth 32" "fio_pages 128k --rw=write --iodepth=32" ;;
    pin) benchmark_row "$row" "BufferPool" "<= 60 ns, two cores >= 1.7 x" ;;
    bulkwrite) compare "$row: io_uring, direct, synced / dd bs=8k conv=fsync (pages)" ">= 1.3" "storage bulkwrite --method io_uring --direct --depth 16" "dd_pages" ;;
    verify-cold) verify_row "$row" cold ;;
    verify-warm) verify_row "$row" warm ;;
    storage-allocations) storage_allocations_row ;;
    spill-file) compare "$row: BufFile written and read, io_uring / fio write and read, 128 KiB x 16, direct" ">= 0.9" "spill_file --method io_uring --direct --registered" "fio_write_read" ;;
    spill-join) compare "$row: io_uring / sync, direct (records joined per second)" ">= 1.4" "spill --method io_uring --direct --registered" "spill --method sync --direct" ;;
    sort-tool) compare "$row: sluice sort / GNU sort, 2 GiB of 100-byte lines, -S 256M --parallel=2 (lines per second)" ">= 1.5, CPU <= 1.1" "sort_seconds sluice 1" "sort_seconds gnu 1" ;;
    sort-tool8) compare "$row: the same, 8 GiB" ">= 1.5" "sort_seconds sluice 4" "sort_seconds gnu 4" ;;
    sort-memory) sort_memory_row "$row" ;;
    sort-api) compare "$row: external sort through the API, io_uring / sync, direct (records per second)" ">= 1.6" "sort_bench --method io_uring" "sort_bench --method sync" ;;
    sort-merge) compare "$row: merge of 256 runs, io_uring reading ahead / sync with one block per run, direct" ">= 2.5" "sort_bench --phase merge --method io_uring" "sort_bench --phase merge --no-ahead --method sync" ;;
    wal-*) wal_row "$row" ;;
    copy) compare "$row: sluice copy --fsync / cp, then sync (copies per second, cold)" "> 1" "copy_seconds sluice" "copy_seconds cp" ;;
  esac
done

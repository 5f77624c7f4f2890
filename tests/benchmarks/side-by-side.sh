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
  cached-worker-depth1 seqread randwrite randwrite-sync logwrite null allocations copy)

# The write-ahead log's.
all_rows+=(wal-commit1 wal-commit32 wal-commit32-sync wal-bulk wal-append wal-append2 wal-recover)
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

into_cache() { cat "$file" > /dev/null; }

median() { sort -g | awk '{v[NR]=$1} END {print (NR % 2 ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2)}'; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN {if (b > 0) printf "%.2f", a/b; else print "-"}'; }

# compare NAME BAR "A" "B": both sides take turns; prints a line of the table.
compare() {
  local name="$1" bar="$2" a="$3" b="$4" round
  if [[ "$b" == with_fio* ]] && ! $have_fio; then echo "| $name | $bar | not measured: fio is missing | | | | | |"; return; fi
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

# The write-ahead log: its own folder beside the data file. The first argument is what is compared: operations or bytes.
wal() {
  local key="$1"; shift
  dotnet "$tool" bench wal "$@" --dir "$work" --seconds "${seconds%.*}" --json 2> "$work/error" > "$work/json" || { cat "$work/error" >&2; return 1; }
  awk -F'[:,]' -v key="\"$key\"" '$1 ~ key {o=$2} /"cpuMicrosecondsPerOperation"/ {c=$2} /"allocatedBytesPerOperation"/ {a=$2} END {print o+0, c+0, a+0}' "$work/json"
}

# The fastest way in which fio makes 8 KiB durable, one at a time.
fio_durable() {
  local dsync flush
  dsync="$(with_fio --rw=write --bs=8k --iodepth=1 --direct=1 --sync=dsync)" || return 1
  flush="$(with_fio --rw=write --bs=8k --iodepth=1 --direct=1 --fdatasync=1)" || return 1
  printf '%s\n%s\n' "$dsync" "$flush" | sort -g | tail -1
}

# Bytes per second of sequential direct transfers of 128 KiB, 16 in flight.
fio_bytes() { with_fio --rw="$1" --bs=128k --iodepth=16 --direct=1 | awk '{print $1*131072, $2, 0}'; }

wal_row() {
  case "$1" in
    wal-commit1) if $have_fio; then compare "$1: one committer / fio, fastest durable form, 8 KiB, depth 1" ">= 0.9" "wal operationsPerSecond --clients 1 --mode blocking" "fio_durable"; fi ;;
    wal-commit32) compare "$1: 32 committers / 1" ">= 12" "wal operationsPerSecond --clients 32" "wal operationsPerSecond --clients 1" ;;
    wal-commit32-sync) compare "$1: 32 committers, io_uring / sync, one flush in flight" ">= 1.5" "wal operationsPerSecond --clients 32 --method io_uring" "wal operationsPerSecond --clients 32 --method sync --mode blocking --flushes 1" ;;
    wal-bulk) if $have_fio; then compare "$1: 64 KiB records, bytes/s / fio, sequential 128 KiB direct writes" ">= 0.85" "wal bytesPerSecond --what bulk --record 64k" "fio_bytes write"; fi ;;
    wal-append) compare "$1: append of 128 bytes, 1 thread (250 ns are 4,000,000/s)" ">= 4000000" "wal operationsPerSecond --what append --clients 1" "echo 4000000 0 0" ;;
    wal-append2) compare "$1: append of 128 bytes, 2 threads / 1" ">= 1.6" "wal operationsPerSecond --what append --clients 2" "wal operationsPerSecond --what append --clients 1" ;;
    wal-recover) if $have_fio; then compare "$1: reading 1 GiB of log, bytes/s / fio, sequential 128 KiB direct reads" ">= 0.7" "wal bytesPerSecond --what recover --size 1G" "fio_bytes read"; fi ;;
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
    wal-*) wal_row "$row" ;;
    copy) compare "$row: sluice copy --fsync / cp, then sync (copies per second, cold)" "> 1" "copy_seconds sluice" "copy_seconds cp" ;;
  esac
done

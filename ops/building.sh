# What setup, demo and test share: how progress is told (on standard error, so that standard output
# stays data) and how the tree is built. Sourced with `root` set to the repository.

say() { printf '%s\n' "$*" >&2; }

# Reads a tool's output, keeps it in a file and tells the progress: in place on a terminal, else a
# line now and then. $1 what is being done, $2 the file, $3 a regular expression: its first group is
# how far it is, its second of how many.
tell_progress() {
  local what=$1 log=$2 pattern=$3 line tenth=-1
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$log"
    [[ $line =~ $pattern ]] || continue
    if [[ -t 2 ]]; then
      printf '\r%s: %s of %s ' "$what" "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" >&2
    elif ((BASH_REMATCH[1] * 10 / BASH_REMATCH[2] != tenth)); then
      tenth=$((BASH_REMATCH[1] * 10 / BASH_REMATCH[2]))
      say "$what: ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}"
    fi
  done
  if [[ -t 2 ]]; then printf '\n' >&2; fi
}

# Configures and builds. $1 the build folder, $2 targets separated by blanks, then
# definitions for CMake. One at a time per tree: Ninja itself does not lock. What a failing tool
# said is shown in full.
build() {
  local folder=$1 targets=$2
  shift 2
  mkdir -p "$root/build"
  (
    exec 9>"$root/build/lock"
    flock -n 9 || { say "another build of this tree is running: waiting for it"; flock 9; }
    mkdir -p "$folder"
    log=$folder/build.log
    : >"$log"
    say "configuring $folder"
    if ! cmake -S "$root" --preset release -B "$folder" "$@" >>"$log" 2>&1; then
      cat "$log" >&2
      exit 1
    fi
    : >"$log"
    # shellcheck disable=SC2086  # the targets are words
    if ! NINJA_STATUS='[%f/%t] ' ninja -C "$folder" -j "$(nproc)" $targets 2>&1 9>&- |
      tell_progress "building" "$log" '^\[([0-9]+)/([0-9]+)\]'; then
      grep -v '^\[[0-9]*/[0-9]*\]' "$log" >&2
      exit 1
    fi
  )
}

#!/usr/bin/env bash
# What action.yml runs: judges one subject, writes every report, and says what came of it. Inputs are the variables
# INPUT_…; nothing of them is ever read by a shell, except exec, which is a command. Ends as the tool ends: whatever goes wrong
# here can turn a success into a failure and nothing into a success.
set -uo pipefail

subject=${INPUT_SUBJECT-} exec=${INPUT_EXEC-} url=${INPUT_URL-} args=${INPUT_ARGS-}
strict=${INPUT_STRICT:-false} folder=${INPUT_REPORT:-ringback-report} binary=${INPUT_BINARY-}
verdict=

# end CODE [SENTENCE]: the outputs, an annotation if there is something to say, and the exit code.
end() {
  local code=$1 said=${2-}
  if [ -n "${GITHUB_OUTPUT-}" ]; then
    printf '%s\n' "verdict=$verdict" "exit-code=$code" "report=$folder" >>"$GITHUB_OUTPUT" ||
      { [ "$code" -ne 0 ] || code=3; said="cannot write the outputs. $said"; }
  fi
  if [ -n "$said" ]; then
    # A line break would begin a workflow command of its own.
    said=${said//'%'/%25} said=${said//$'\r'/%0D}
    printf '::error title=Ringback::%s\n' "${said//$'\n'/%0A}"
  fi
  exit "$code"
}

case $folder in
  *,* | *$'\n'* | *$'\r'*)
    folder=
    end 2 'report must be a folder without commas and line breaks in its name'
    ;;
esac
case $subject in
  gateway | receiver) ;;
  *) end 2 "subject is gateway or receiver, not \`$subject\`" ;;
esac
command=(test "$subject")
case $strict in
  true) command+=(--strict) ;;
  false) ;;
  *) end 2 "strict is true or false, not \`$strict\`" ;;
esac

# The tool: the one that is there, or one from the sources beside action.yml.
if [ -n "$binary" ]; then
  ringback=$(type -P -- "$binary") || end 2 "binary: there is no program \`$binary\`"
else
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || end 3 'the sources of this action are gone'
  type -P cargo >/dev/null || end 3 'cargo is needed to build ringback; install Rust, or name a binary'
  # From its own folder, where its toolchain file counts and the caller's does not.
  (cd "$here" && cargo build --release --locked --bin ringback --target-dir target) ||
    end 3 'ringback could not be built; the log says why'
  ringback=$here/target/release/ringback
fi

mkdir -p -- "$folder" || end 2 "cannot make the folder \`$folder\`"
json=$folder/report.json summary=$folder/summary.md
reports=json=$json,junit=$folder/junit.xml,sarif=$folder/ringback.sarif,md=$summary
# A build may lack a format. Help is given only after the words before it were understood.
"$ringback" report --format html --help >/dev/null 2>&1 && reports+=,html=$folder/report.html
# What another run has left here is not this run's.
rm -f -- "$json" "$folder/junit.xml" "$folder/ringback.sarif" "$summary" "$folder/report.html" ||
  end 2 "cannot clear the folder \`$folder\`"

command+=("--report=$reports")
[ -z "$exec" ] || command+=("--exec=$exec")
while IFS= read -r line || [ -n "$line" ]; do
  line=${line%$'\r'}
  [ -z "$line" ] || command+=("$line")
done <<<"$args"
# Last and apart, so that no address is taken for a flag.
[ -z "$url" ] || command+=(-- "$url")

"$ringback" "${command[@]}" </dev/null
code=$?

if [ ! -f "$json" ]; then
  [ "$code" -ne 0 ] || end 3 'no report was written'
  end "$code" "ringback ended with exit code $code and no report; the log says why"
fi
# One object a line, ours to take apart: the first tells what was judged, the last what it came to.
events=$("$ringback" report --from "$json" --format ndjson)
first=${events%%$'\n'*} last=${events##*$'\n'}
[[ $first =~ '"mode":"'([a-z]+)'"' ]] && mode=${BASH_REMATCH[1]} || mode=
[[ $last =~ '"verdict":"'([a-z_]+)'"' ]] && verdict=${BASH_REMATCH[1]}
if [ "$mode" = embedded ]; then
  # It always conforms. An empty variable of a workflow must not be a green run.
  verdict=
  end 2 'nothing was named to judge: give exec or url'
fi
if [ -n "${GITHUB_STEP_SUMMARY-}" ] && ! cat -- "$summary" >>"$GITHUB_STEP_SUMMARY"; then
  [ "$code" -ne 0 ] || code=3
  end "$code" 'cannot write the summary'
fi
[ -n "$mode" ] && [ -n "$verdict" ] || { [ "$code" -ne 0 ] || end 3 'the report cannot be read again'; }
end "$code"

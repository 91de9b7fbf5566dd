//! How `--help` is laid out: examples, and what is said of all flags at once.
//!
//! What a flag does, its heading, and whether `-h` shows it, is said where the flag is.

use clap::{Arg, ArgAction, Command};

/// Below the commands; the whole must fit a terminal of 80 by 24.
pub(super) const EXAMPLES: &str = "\
Examples:
  ringback test gateway --exec 'python3 gateway.py'      starts, judges, ends it
  ringback test receiver https://me.example/hook --vendor kling
  ringback explain GW-CB-001                             one requirement
Exit codes: 0 conforms, 1 violations, 2 usage, 3 could not judge, 4 nothing ran";

/// What `--help` of a command says at its end.
const MORE: [(&str, &str); 6] = [
    (
        "gateway",
        "\
Examples:
  ringback test gateway
      the embedded reference
  ringback test gateway --exec 'python3 gateway.py'
      a gateway that we start and end
  ringback test gateway http://127.0.0.1:8080 --upstream kling=127.0.0.1:9101
      a gateway that already points at our mocks
  ringback test gateway https://api.example.com
      a deployed gateway, from outside
  ringback test gateway https://api.example.com --spend 9 --only 'GW-LV-*'
      the same with live jobs, nine at most
  ringback test gateway --shard 1/4 --report json=1.json
      a quarter of the cases; then: ringback report --from *.json
  ringback test gateway --replay GW-CB-001-kling-s7-v24f7
      one failure again, with the same inputs",
    ),
    (
        "receiver",
        "\
Examples:
  ringback test receiver --exec 'python3 receiver.py'
      a receiver that we start and end
  ringback test receiver https://me.example.com/hooks/kling --vendor kling
      a receiver that runs already
  ringback test receiver 'https://me.example.com/hooks/{vendor}' --effects 'https://me.example.com/done/{id}'
      one for each vendor, and where to see what it did",
    ),
    (
        "doctor",
        "\
Examples:
  ringback doctor
      what `ringback test` alone would judge
  ringback doctor gateway https://api.example.com --spend 9
      what can be judged of it, and what of the rest a flag would add
Exit codes: 0 can be judged, 2 configuration is wrong, 3 cannot be judged",
    ),
    (
        "mock",
        "\
Examples:
  ringback mock kling --port 0 --on 'prompt=storm: refuse moderation'
      one vendor, and what becomes of some tasks
Each setting has an environment variable, RINGBACK_MOCK_ and its flag: --port is RINGBACK_MOCK_PORT, VENDOR
RINGBACK_MOCK_VENDORS; --seed and --config are RINGBACK_SEED and RINGBACK_CONFIG. RINGBACK_MOCK_ON takes a rule a line.",
    ),
    (
        "trigger",
        "\
Examples:
  ringback trigger kling success --to http://127.0.0.1:8080/hooks/kling
      the secret that signs is RINGBACK_KLING_SECRET",
    ),
    (
        "report",
        "\
Examples:
  ringback report --from run.json --report md=summary.md
      another format of a stored run
  ringback report --from 1.json 2.json 3.json 4.json
      shards put together",
    ),
];

/// Where variables are not `RINGBACK_` and the flag, the flag itself says so.
const VARIABLES: &str = "\
Each flag but --accept has an environment variable, RINGBACK_ and its name: --only is RINGBACK_ONLY. Most stand in ringback.toml \
too; `ringback init` writes one. Flags come before the environment, which comes before the file.";

/// Lays the help of the whole command out.
pub(super) fn arranged(command: Command) -> Command {
    command
        .max_term_width(100)
        .after_help(EXAMPLES)
        .help_template("{about}\n\n{usage-heading} {usage}\n\n{subcommands}{after-help}")
        .mut_subcommands(|command| {
            if command.get_name() == "test" {
                command.mut_subcommands(judging)
            } else {
                with_examples(command)
            }
        })
}

/// A command with more flags than a screen has lines. `report` has some of them, too, and room for each.
fn judging(command: Command) -> Command {
    let command = with_examples(command);
    if command.get_name() == "help" {
        command
    } else {
        command.mut_arg("format", |flag| flag.hide_short_help(true))
    }
}

fn with_examples(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let Some((_, examples)) = MORE.iter().find(|(of, _)| *of == name) else { return command };
    if matches!(name.as_str(), "gateway" | "receiver") {
        let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
        return command
            .disable_help_flag(true)
            .arg(help.help("Print this; --help prints all flags, and examples").help_heading("Output"))
            .after_long_help(format!("{examples}\n\n{VARIABLES}"));
    }
    command.after_help(*examples)
}

#[cfg(test)]
mod tests {
    //! The examples are commands, and flags are where they belong.

    use clap::{Arg, Command, FromArgMatches as _};

    use super::{EXAMPLES, MORE};
    use crate::cli::{CommandLine, command};
    use crate::config;

    const HEADINGS: [&str; 5] = ["Subject", "Elsewhere", "What is right, and how soon", "Cases", "Output"];

    fn judging() -> Vec<Command> {
        let command = command();
        let test = command.find_subcommand("test").expect("there is one");
        test.get_subcommands().filter(|command| command.get_name() != "help").cloned().collect()
    }

    #[test]
    fn examples_are_commands() {
        let all: Vec<&str> = MORE.iter().map(|(_, text)| *text).chain([EXAMPLES]).collect();
        let lines: Vec<&str> =
            all.iter().flat_map(|text| text.lines()).filter(|line| line.starts_with("  ringback ")).collect();
        assert!(lines.len() > 12, "{lines:?}");
        for line in lines {
            // What an example does stands apart by more than a space.
            let said = line.trim_start().split("   ").next().unwrap_or_default();
            let words = shlex::split(said).expect("a shell can read it");
            let parsed =
                command().try_get_matches_from(words).and_then(|found| CommandLine::from_arg_matches(&found));
            assert!(parsed.is_ok(), "{said}: {}", parsed.expect_err("it is an error"));
        }
    }

    #[test]
    fn every_flag_has_a_heading() {
        let commands = judging();
        let flags: Vec<&Arg> = commands.iter().flat_map(Command::get_arguments).collect();
        for flag in flags.iter().filter(|flag| !flag.is_positional()) {
            let heading = flag.get_help_heading().unwrap_or_default();
            assert!(HEADINGS.contains(&heading), "--{} is below `{heading}`", flag.get_id());
        }
    }

    /// Two files that a run reads or is told of, and help, are no settings of the file.
    const OF_THE_COMMAND: [&str; 3] = ["accept", "config", "help"];

    #[test]
    fn variables_are_called_as_the_help_says() {
        for flag in judging().iter().flat_map(Command::get_arguments) {
            let Some(long) = flag.get_long().filter(|long| !OF_THE_COMMAND.contains(long)) else { continue };
            let fields: Vec<String> = config::fields()
                .filter(|(section, field)| *section != "mock" && field.key == flag.get_id().as_str())
                .map(|(_, field)| field.variable())
                .collect();
            let usual = format!("RINGBACK_{}", long.replace('-', "_").to_ascii_uppercase());
            let said = flag.get_long_help().or(flag.get_help()).map(ToString::to_string).unwrap_or_default();
            assert!(!fields.is_empty(), "{long} is no setting");
            for variable in fields {
                assert!(variable == usual || said.contains(&variable), "{long} is {variable}");
            }
        }
    }
}

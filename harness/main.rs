//! The `ringback` command; all of it lives in `ringback::cli`, where it is compiled once.

fn main() -> std::process::ExitCode {
    ringback::cli::main()
}

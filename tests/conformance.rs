//! Does the subject conform? The embedded reference, or the deployment at `RINGBACK_GATEWAY_URL`.

fn main() -> std::process::ExitCode {
    ringback::test_target::main()
}

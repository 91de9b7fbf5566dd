//! Every JSON document that the Ringback crates share, embedded: the schemas of the gateway's contract, of each vendor's
//! dialect and of a report, and published signature vectors.
//!
//! Each field of a vendor's schema says how it is known (`x-evidence`: documented, observed or assumed) and where it was
//! read (`x-source`). What lives here is text, byte for byte; judging a value by it is the harness's.
//!
//! ```
//! let schema = ringback_schemas::file("gateway/submit-request.schema.json");
//! assert!(schema.contains("callback_url"));
//! ```

#![no_std]

/// Every file by its path in this crate, with its text, in the order of the paths.
#[rustfmt::skip]
pub const FILES: &[(&str, &str)] = &[
    ("gateway/defs.schema.json", include_str!("gateway/defs.schema.json")),
    ("gateway/error-response.schema.json", include_str!("gateway/error-response.schema.json")),
    ("gateway/openapi.json", include_str!("gateway/openapi.json")),
    ("gateway/status-response.schema.json", include_str!("gateway/status-response.schema.json")),
    ("gateway/submit-request.schema.json", include_str!("gateway/submit-request.schema.json")),
    ("gateway/submit-response.schema.json", include_str!("gateway/submit-response.schema.json")),
    ("report.schema.json", include_str!("report.schema.json")),
    ("vectors/kling.json", include_str!("vectors/kling.json")),
    ("vectors/vidu.json", include_str!("vectors/vidu.json")),
    ("vendors/ark/callback.schema.json", include_str!("vendors/ark/callback.schema.json")),
    ("vendors/ark/create-request.schema.json", include_str!("vendors/ark/create-request.schema.json")),
    ("vendors/ark/create-response.schema.json", include_str!("vendors/ark/create-response.schema.json")),
    ("vendors/ark/delete-response.schema.json", include_str!("vendors/ark/delete-response.schema.json")),
    ("vendors/ark/error.schema.json", include_str!("vendors/ark/error.schema.json")),
    ("vendors/ark/list-response.schema.json", include_str!("vendors/ark/list-response.schema.json")),
    ("vendors/ark/query-response.schema.json", include_str!("vendors/ark/query-response.schema.json")),
    ("vendors/kling-legacy/account-response.schema.json", include_str!("vendors/kling-legacy/account-response.schema.json")),
    ("vendors/kling-legacy/callback.schema.json", include_str!("vendors/kling-legacy/callback.schema.json")),
    ("vendors/kling-legacy/create-request.schema.json", include_str!("vendors/kling-legacy/create-request.schema.json")),
    ("vendors/kling-legacy/create-response.schema.json", include_str!("vendors/kling-legacy/create-response.schema.json")),
    ("vendors/kling-legacy/error.schema.json", include_str!("vendors/kling-legacy/error.schema.json")),
    ("vendors/kling-legacy/list-response.schema.json", include_str!("vendors/kling-legacy/list-response.schema.json")),
    ("vendors/kling-legacy/query-response.schema.json", include_str!("vendors/kling-legacy/query-response.schema.json")),
    ("vendors/kling-v2/callback.schema.json", include_str!("vendors/kling-v2/callback.schema.json")),
    ("vendors/kling-v2/create-request.schema.json", include_str!("vendors/kling-v2/create-request.schema.json")),
    ("vendors/kling-v2/create-response.schema.json", include_str!("vendors/kling-v2/create-response.schema.json")),
    ("vendors/kling-v2/error.schema.json", include_str!("vendors/kling-v2/error.schema.json")),
    ("vendors/kling-v2/list-response.schema.json", include_str!("vendors/kling-v2/list-response.schema.json")),
    ("vendors/kling-v2/query-response.schema.json", include_str!("vendors/kling-v2/query-response.schema.json")),
    ("vendors/minimax-v1/callback.schema.json", include_str!("vendors/minimax-v1/callback.schema.json")),
    ("vendors/minimax-v1/create-request.schema.json", include_str!("vendors/minimax-v1/create-request.schema.json")),
    ("vendors/minimax-v1/create-response.schema.json", include_str!("vendors/minimax-v1/create-response.schema.json")),
    ("vendors/minimax-v1/error.schema.json", include_str!("vendors/minimax-v1/error.schema.json")),
    ("vendors/minimax-v1/file-response.schema.json", include_str!("vendors/minimax-v1/file-response.schema.json")),
    ("vendors/minimax-v1/query-response.schema.json", include_str!("vendors/minimax-v1/query-response.schema.json")),
    ("vendors/minimax-v2/callback.schema.json", include_str!("vendors/minimax-v2/callback.schema.json")),
    ("vendors/minimax-v2/create-request.schema.json", include_str!("vendors/minimax-v2/create-request.schema.json")),
    ("vendors/minimax-v2/create-response.schema.json", include_str!("vendors/minimax-v2/create-response.schema.json")),
    ("vendors/minimax-v2/delete-response.schema.json", include_str!("vendors/minimax-v2/delete-response.schema.json")),
    ("vendors/minimax-v2/error.schema.json", include_str!("vendors/minimax-v2/error.schema.json")),
    ("vendors/minimax-v2/list-response.schema.json", include_str!("vendors/minimax-v2/list-response.schema.json")),
    ("vendors/minimax-v2/query-response.schema.json", include_str!("vendors/minimax-v2/query-response.schema.json")),
    ("vendors/vidu/account-response.schema.json", include_str!("vendors/vidu/account-response.schema.json")),
    ("vendors/vidu/callback.schema.json", include_str!("vendors/vidu/callback.schema.json")),
    ("vendors/vidu/cancel-response.schema.json", include_str!("vendors/vidu/cancel-response.schema.json")),
    ("vendors/vidu/create-request.schema.json", include_str!("vendors/vidu/create-request.schema.json")),
    ("vendors/vidu/create-response.schema.json", include_str!("vendors/vidu/create-response.schema.json")),
    ("vendors/vidu/error.schema.json", include_str!("vendors/vidu/error.schema.json")),
    ("vendors/vidu/list-response.schema.json", include_str!("vendors/vidu/list-response.schema.json")),
    ("vendors/vidu/query-response.schema.json", include_str!("vendors/vidu/query-response.schema.json")),
];

/// The text of the file at `path`, such as `vendors/vidu/callback.schema.json`.
///
/// # Panics
/// When there is no such file. In a constant that is an error of the build, so a table cannot name what is not there.
pub const fn file(path: &str) -> &'static str {
    let mut at = 0;
    while at < FILES.len() {
        let (name, text) = FILES[at];
        if same(name.as_bytes(), path.as_bytes()) {
            return text;
        }
        at += 1;
    }
    panic!("there is no such file in ringback-schemas")
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

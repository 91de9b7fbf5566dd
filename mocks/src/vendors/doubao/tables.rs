//! What every room of Ark reads: the path of tasks, the state words, what can be set, and samples of
//! what it takes. Tables only.

use super::{CREATE_PAGE, LIST_PAGE, QUERY_PAGE};
use crate::dialect::{Evidence, Phase, Takes, VendorOption, Word};

use Evidence::{Assumed, Documented, Observed};

/// Where tasks are.
pub(super) const TASKS: &str = "/api/v3/contents/generations/tasks";

/// The state words.
pub(super) const WORDS: &[Word] = &[
    Word::row(Phase::Queued, "queued", Some("queued"), Documented),
    Word::row(Phase::Running, "running", Some("running"), Documented),
    Word::row(Phase::Succeeded, "succeeded", Some("succeeded"), Documented),
    Word::row(Phase::Failed, "failed", Some("failed"), Documented),
    Word::row(Phase::Expired, "expired", Some("expired"), Documented),
    // Not among the states the callback paragraph lists.
    Word::row(Phase::Cancelled, "cancelled", None, Assumed),
];

/// Every option.
#[rustfmt::skip]
pub(super) const OPTIONS: &[VendorOption] = &[
    VendorOption::row("error-null", "whether a good answer has `error: null` or no such key", Takes::Switch, "off", Observed,
        "the query page says null; a BytePlus answer captured 2026-08-28 has no key"),
    VendorOption::row("callback-cancelled", "whether a cancelled task is called back", Takes::Switch, "off", Assumed, CREATE_PAGE),
    VendorOption::row("last-frame", "the format of the last frame", Takes::OneOf(&["png", "jpeg"]), "png", Observed,
        "png in a captured answer and on the create page until mid-2026, jpeg on the newest one"),
    VendorOption::row("parameter-codes", "whether a refused parameter stands in the code: `InvalidParameter` or `InvalidParameter.duration`",
        Takes::OneOf(&["plain", "dotted"]), "plain", Observed, "the error page has both; third parties saw the plain ones"),
    VendorOption::row("unsupported-parameters", "whether a parameter that the model does not have is refused or ignored",
        Takes::OneOf(&["refuse", "ignore"]), "refuse", Documented, CREATE_PAGE),
    VendorOption::row("unknown-task", "how a query of an unknown task is refused: `ResourceNotFound` or `NotFound.id`",
        Takes::OneOf(&["resource-not-found", "not-found"]), "resource-not-found", Assumed, QUERY_PAGE),
    VendorOption::row("list-tier", "which service tier a list without that filter shows", Takes::OneOf(&["default", "any"]), "default", Documented, LIST_PAGE),
    VendorOption::row("endpoint-model", "the model behind every endpoint id `ep-…` of the account",
        Takes::OneOf(&["doubao-seedance-1-0-pro-250528", "doubao-seedance-1-5-pro-251215", "doubao-seedance-2-0-260128", "doubao-seedance-2-5-260628"]),
        "doubao-seedance-1-0-pro-250528", Assumed, CREATE_PAGE),
];

/// Where a POST to cancel or stop a task ends up: at the create handler, which makes another task.
pub(super) const CANCEL: &str = "/api/v3/contents/generations/tasks/{id}/cancel";

/// Valid creates that together use every parameter.
pub(super) const CREATES: &[(&str, &str)] = &[
    (
        TASKS,
        r#"{"model":"doubao-seedance-1-0-pro-250528","content":[{"type":"text","text":"A paper boat"}]}"#,
    ),
    (
        "/api/v3/contents/generations/tasks/cgt-20260828062711-hj94q/cancel",
        r#"{"model":"seedance-1-0-pro-250528","content":[{"type":"text","text":"A paper boat --rs 720p --rt 4:3 --dur 5 --seed 11 --cf false --wm true"}]}"#,
    ),
    (
        "/api/v3/contents/generations/tasks/cgt-20260828062711-hj94q/stop",
        r#"{"model":"seedance-1-0-pro-fast-251015","content":[{"type":"text","text":"A paper boat"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"},"role":null}]}"#,
    ),
    (
        TASKS,
        r#"{"model":"doubao-seedance-1-0-pro-250528","content":[{"type":"text","text":"A paper boat"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"},"role":"first_frame"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"},"role":"last_frame"}],"return_last_frame":true,"service_tier":"flex","execution_expires_after":3600,"resolution":"480p","ratio":"adaptive","frames":57,"seed":7,"camera_fixed":true,"watermark":true,"safety_identifier":"user-1"}"#,
    ),
    (
        TASKS,
        r#"{"model":"doubao-seedance-1-5-pro-251215","content":[{"type":"text","text":"A paper boat"},{"type":"image_url","image_url":{"url":"asset://boat"}}],"draft":true,"generate_audio":false,"resolution":"480p","duration":-1,"framespersecond":999}"#,
    ),
    (
        TASKS,
        r#"{"model":"seedance-1-5-pro-251215","content":[{"type":"draft_task","draft_task":{"id":"cgt-20260828062711-hj94q"}}],"resolution":"1080p"}"#,
    ),
    (
        TASKS,
        r#"{"model":"doubao-seedance-2-0-260128","content":[{"type":"text","text":"A paper boat"},{"type":"image_url","image_url":{"url":"https://example.com/a.png"},"role":"reference_image"},{"type":"video_url","video_url":{"url":"https://example.com/a.mp4"},"role":"reference_video"},{"type":"audio_url","audio_url":{"url":"https://example.com/a.mp3"},"role":"reference_audio"}],"generate_audio":true,"priority":9,"resolution":"4k","ratio":"21:9","duration":15,"tools":[{"type":"web_search"}]}"#,
    ),
    (
        TASKS,
        r#"{"model":"dreamina-seedance-2-5-260628","content":[{"type":"video_url","video_url":{"url":"https://example.com/a.mp4"},"role":"reference_video"}],"omni_reference_task_type":"edit","ratio":"adaptive","duration":-1,"output_format":"mov"}"#,
    ),
    (
        TASKS,
        r#"{"model":"ep-20260828062711-hj94q","content":[{"type":"text","text":"A paper boat"}],"callback_url":null,"return_last_frame":null,"service_tier":null,"execution_expires_after":null,"priority":null,"generate_audio":null,"draft":null,"camera_fixed":null,"watermark":null,"seed":null,"resolution":null,"ratio":null,"duration":null,"frames":null,"tools":null,"output_format":null,"omni_reference_task_type":null,"safety_identifier":null}"#,
    ),
];

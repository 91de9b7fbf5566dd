//! What result URLs lead to: a tiny valid video or image, until it expires as the vendor's does.
//!
//! Pure: a task, its age and the account decide. The files themselves are embedded.

use jiff::{SignedDuration, Timestamp};

use crate::account::AccountConfig;
use crate::dialect::Phase;
use crate::tasks::TaskStore;
use crate::wire::{Headers, Request, Response};

/// Where results are on a mock.
pub const PREFIX: &str = "/results/";

const FILES: &[(&str, &str, &[u8])] = &[
    ("mp4", "video/mp4", include_bytes!("../assets/boat.mp4")),
    ("png", "image/png", include_bytes!("../assets/boat.png")),
    ("jpeg", "image/jpeg", include_bytes!("../assets/boat.jpeg")),
];

/// Answers a request for a result; `None` if it is for something else.
pub(crate) fn serve(
    request: &Request,
    tasks: &TaskStore,
    settings: &AccountConfig,
    now: Timestamp,
) -> Option<Response> {
    let name = request.path().strip_prefix(PREFIX)?;
    if request.method != "GET" && request.method != "HEAD" {
        return Some(Response::text(405, "results are fetched with GET"));
    }
    let missing = || Some(Response::text(404, "there is no such result"));
    let Some((task, extension)) = name.rsplit_once('.') else { return missing() };
    // `TASK`, or `TASK-WHAT` for a cover, a last frame, a watermarked copy.
    let task = tasks.get(task).or_else(|| tasks.get(task.rsplit_once('-')?.0));
    let Some(task) = task.filter(|task| task.phase == Phase::Succeeded) else { return missing() };
    let Some((_, kind, bytes)) = FILES.iter().find(|(known, ..)| *known == extension) else {
        return missing();
    };
    let expiry = &task.draft.dialect.expiry;
    let lasts = if extension == "jpeg" { expiry.cover } else { expiry.result };
    let lasts = SignedDuration::try_from(settings.scaled(lasts)).unwrap_or(SignedDuration::MAX);
    if now.duration_since(task.updated) > lasts {
        return Some(Response::text(403, "the URL has expired"));
    }
    let headers = Headers::from_iter([("content-type", *kind)]);
    Some(Response { status: 200, headers, body: bytes::Bytes::from_static(bytes) })
}

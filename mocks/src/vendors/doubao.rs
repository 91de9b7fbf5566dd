//! ByteDance Doubao Seedance on Volcengine Ark, and BytePlus ModelArk with the same paths and shapes.
//!
//! The registry entry and the pages that the tables cite; what the vendor says is `ark` and the
//! rooms beside it.

use crate::vendor::Profile;

mod ark;
mod client;
mod content;
mod list;
mod models;
mod parameters;
mod record;
mod refusals;
mod tables;

/// Doubao in the registry.
pub const PROFILE: Profile =
    Profile { name: "doubao", title: "ByteDance Doubao", dialects: &[&ark::ARK], apis: &[&ark::Ark] };

/// Create and callbacks.
const CREATE_PAGE: &str = "https://www.volcengine.com/docs/82379/1520757";
/// One task.
const QUERY_PAGE: &str = "https://www.volcengine.com/docs/82379/1521309";
/// Several tasks.
const LIST_PAGE: &str = "https://www.volcengine.com/docs/82379/1521675";
/// Cancelling and deleting.
const DELETE_PAGE: &str = "https://www.volcengine.com/docs/82379/1521720";

//! The checks of receivers, one file a chapter: each entry of the catalogue beside the function that
//! decides it.
//!
//! What several chapters need to judge lives here; a check itself belongs into its chapter.

pub mod acknowledgement;
pub mod challenge;
pub mod hostility;
pub mod idempotency;
pub mod loss;
pub mod order;
pub mod schedules;
pub mod signatures;
pub mod tolerance;
pub mod unsigned;

use crate::run::source::Source;
use ringback_mocks::vendor::Vendor;

/// Boxes an `async fn` into the catalogue's function type.
macro_rules! check {
    ($function:ident) => {
        |context| Box::pin($function(context))
    };
}
use check;

/// The page on which a vendor describes its callbacks.
pub const OWN: Source = Source::CALLBACKS;

/// The vendors that sign.
pub const SIGNED: &[&str] = &["kling", "vidu"];
/// The vendors that do not.
pub const UNSIGNED: &[&str] = &["doubao", "minimax"];

/// The name of a vendor, for sentences.
pub fn title(vendor: Vendor) -> &'static str {
    vendor.title()
}

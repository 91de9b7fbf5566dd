//! The one call about no task: the resource packs that the account has bought.
//!
//! Clients call it to see whether their key is good. Source: [`PAGE`], read 2026-11-25. What a pack has
//! left is counted with half a day's delay there, so here it does not change at all.

use serde_json::{Value, json};

use super::{Fault, envelope, invalid};
use crate::api::{Call, Routed};
use crate::dialect::{Evidence, Takes, VendorOption};

pub(super) const PATH: &str = "/account/costs";
pub(super) const PAGE: &str = "https://klingai.com/document-api/api/assets/account-usage";

/// What the two times of the call choose packs by.
pub(super) const WINDOW: VendorOption = VendorOption::row(
    "pack-window",
    "which resource packs a time span shows: those bought in it, or all",
    Takes::OneOf(&["bought", "all"]),
    "bought",
    Evidence::Observed,
    "the page calls them start and end of the query; a client's author missed a pack that was bought earlier",
);

const DAY_MS: i64 = 24 * 3_600 * 1_000;
/// How long ago the account's pack was bought, and for how long it holds (our choice).
const BOUGHT_AGO: i64 = 7 * DAY_MS;
const HOLDS: i64 = 90 * DAY_MS;
const NAME: &str = "Video Generation - 10000 units";
const UNITS: f64 = 10_000.0;

/// Answers with the packs of a time span.
pub(super) fn packs(call: &mut Call<'_>) -> Result<Routed, Fault> {
    let (start, end) = (time(call, "start_time")?, time(call, "end_time")?);
    let today = call.now.as_millisecond().div_euclid(DAY_MS) * DAY_MS;
    let bought = today - BOUGHT_AGO;
    let all = call.settings.options.get(call.dialect, WINDOW.name) == "all";
    let named = call.request.query("resource_pack_name").filter(|name| !name.is_empty());
    let wanted = (all || (start..=end).contains(&bought)) && named.is_none_or(|name| name == NAME);
    let pack = json!({
        "resource_pack_name": NAME,
        "resource_pack_id": "509f3fd3d4ab4a3f9eec5db27aa44f27",
        "resource_pack_type": "decreasing_total",
        "total_quantity": UNITS,
        "remaining_quantity": UNITS,
        "purchase_time": bought,
        "effective_time": bought,
        "invalid_time": bought + HOLDS,
        "status": "online",
    });
    let packs: Vec<Value> = wanted.then_some(pack).into_iter().collect();
    let data = json!({"code": 0, "msg": "SUCCEED", "resource_pack_subscribe_infos": packs});
    Ok(Routed::answer(envelope(&data, call.ids)))
}

fn time(call: &Call<'_>, name: &str) -> Result<i64, Fault> {
    let text = call.request.query(name).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| invalid(format!("{name} can not be null")))?;
    text.parse().map_err(|_| invalid(format!("{name} must be a number")))
}

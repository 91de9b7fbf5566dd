//! What a target alone says about what cannot be judged, before anything is started or asked.
//!
//! Pure. `discovery` finds out the rest by looking, and says these things in these words.

use ringback_mocks::vendor::Vendor;

use super::ReceiverPrecondition;
use super::target::{ReceiverReach, ReceiverTarget};

/// Whether a precondition can hold for a vendor of a receiver, and if not, why and what would change that.
pub fn check(target: &ReceiverTarget, need: ReceiverPrecondition, _vendor: Vendor) -> Result<(), String> {
    let ReceiverTarget { reach, probe, start, .. } = target;
    match (need, reach) {
        (ReceiverPrecondition::Effects, _) if probe.is_none() => {
            Err("nothing tells what the receiver did; add --effects URL with {id} for the id in the \
                 callback, answering {\"count\": <times the work was done>, \"state\": <last state>}"
                .to_owned())
        }
        (
            ReceiverPrecondition::Gateway | ReceiverPrecondition::Starts,
            ReceiverReach::Url { gateway: None, .. },
        ) => Err("the receiver asks a gateway of its own; point it at ours with RINGBACK_GATEWAY_URL and \
                 say where with --gateway ADDRESS"
            .to_owned()),
        (ReceiverPrecondition::Starts, _) if start.is_none() => {
            Err("nothing is known that makes the receiver submit a job; add --start URL".to_owned())
        }
        (ReceiverPrecondition::PlainHttp, ReceiverReach::Url { hooks, .. })
            if !hooks.iter().all(|(_, url)| url.starts_with("http://")) =>
        {
            Err("bytes can be sent as they are written over plain HTTP only".to_owned())
        }
        (ReceiverPrecondition::Hooks, ReceiverReach::Url { .. }) => {
            Err("only the hooks that were named are known; start the receiver with --exec".to_owned())
        }
        _ => Ok(()),
    }
}

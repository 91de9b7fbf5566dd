//! What a target alone says about what cannot be judged, before anything is started or asked.
//!
//! Pure. `discovery` finds out the rest by looking, and says these things in these words.

use ringback_mocks::vendor::Vendor;

use super::Need;
use super::target::{Reach, Target};
use crate::run::mode::Mode;

/// Whether a precondition can hold for a vendor of a gateway, and if not, why and what would change that.
pub fn check(target: &Target, need: Need, vendor: Vendor) -> Result<(), String> {
    match need {
        Need::OtherKey => other_key(target),
        Need::Receiver if !has_mock(target, vendor) => live(target),
        Need::Witness => witness(target, vendor),
        // Asking a deployed gateway would cost money.
        Need::Forwards if target.mode() == Mode::Deployed => witness(target, vendor),
        Need::Receiver | Need::Forwards | Need::Accepts | Need::Status => Ok(()),
    }
}

/// Whether real vendors have an address to call.
pub fn live(target: &Target) -> Result<(), String> {
    match target.live {
        Some(_) => Ok(()),
        None => Err("no callback of a real vendor can reach us; give a public address that leads here with \
                     --advertise (and --bind), and allow jobs with --spend"
            .to_owned()),
    }
}

fn has_mock(target: &Target, vendor: Vendor) -> bool {
    match &target.reach {
        Reach::Url { upstreams, .. } => upstreams.iter().any(|(of, _)| *of == vendor),
        Reach::Embedded { .. } | Reach::Exec { .. } => true,
    }
}

/// Whether we see what a vendor sees.
fn witness(target: &Target, vendor: Vendor) -> Result<(), String> {
    if has_mock(target, vendor) {
        Ok(())
    } else if target.mode() == Mode::Deployed {
        Err("only the vendor sees this; start the gateway with --exec, or point it at our mocks and name \
             them with --upstream"
            .to_owned())
    } else {
        Err(format!("no mock stands for this vendor; add --upstream {vendor}=ADDRESS"))
    }
}

/// Whether there is a second client to be somebody else.
fn other_key(target: &Target) -> Result<(), String> {
    match &target.reach {
        Reach::Url { other_key: None, .. } => {
            Err("no second client's key; set RINGBACK_OTHER_API_KEY".to_owned())
        }
        _ => Ok(()),
    }
}

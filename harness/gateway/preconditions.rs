//! What a target alone says about what cannot be judged, before anything is started or asked.
//!
//! Pure. `discovery` finds out the rest by looking, and says these things in these words.

use ringback_mocks::vendor::Vendor;

use super::GatewayPrecondition;
use super::target::{GatewayReach, GatewayTarget};
use crate::run::mode::Mode;

/// Whether a precondition can hold for a vendor of a gateway, and if not, why and what would change that.
pub fn check(target: &GatewayTarget, need: GatewayPrecondition, vendor: Vendor) -> Result<(), String> {
    match need {
        GatewayPrecondition::OtherKey => other_key(target),
        GatewayPrecondition::Receiver if !has_mock(target, vendor) => live(target),
        GatewayPrecondition::Witness => witness(target, vendor),
        // Asking a deployed gateway would cost money.
        GatewayPrecondition::Forwards if target.mode() == Mode::Deployed => witness(target, vendor),
        GatewayPrecondition::Receiver
        | GatewayPrecondition::Forwards
        | GatewayPrecondition::Accepts
        | GatewayPrecondition::Status => Ok(()),
    }
}

/// Whether real vendors have an address to call.
pub fn live(target: &GatewayTarget) -> Result<(), String> {
    match target.live {
        Some(_) => Ok(()),
        None => Err("no callback of a real vendor can reach us; give a public address that leads here with \
                     --advertise (and --bind), and allow jobs with --spend"
            .to_owned()),
    }
}

fn has_mock(target: &GatewayTarget, vendor: Vendor) -> bool {
    match &target.reach {
        GatewayReach::Url { upstreams, .. } => upstreams.iter().any(|(of, _)| *of == vendor),
        GatewayReach::Embedded { .. } | GatewayReach::Exec { .. } => true,
    }
}

/// Whether we see what a vendor sees.
fn witness(target: &GatewayTarget, vendor: Vendor) -> Result<(), String> {
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

/// Whether there is a second client.
fn other_key(target: &GatewayTarget) -> Result<(), String> {
    match &target.reach {
        GatewayReach::Url { other_key: None, .. } => {
            Err("no second client's key; set RINGBACK_OTHER_API_KEY".to_owned())
        }
        _ => Ok(()),
    }
}

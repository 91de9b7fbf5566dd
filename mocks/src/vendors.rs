//! The vendors, one folder each: routes, bodies, words, errors, endings, callback rules, and how a
//! client speaks to them. Here is the list of them, and what is looked up across all of it.

use crate::account::{VendorOptionError, VendorOptions};
use crate::vendor::{Profile, Vendor};

pub mod doubao;
pub mod kling;
pub mod minimax;
pub mod vidu;

/// Every vendor the mocks know. Adding one is its folder and one line here.
const REGISTRY: &[&Profile] = &[&kling::PROFILE, &doubao::PROFILE, &minimax::PROFILE, &vidu::PROFILE];

impl Vendor {
    /// All vendors, in the order they are reported.
    pub fn all() -> impl Iterator<Item = Self> {
        REGISTRY.iter().map(|profile| Self::of(profile))
    }

    /// The vendor of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|vendor| vendor.name() == name)
    }
}

impl VendorOptions {
    /// Sets `DIALECT.KNOB` of any vendor to a value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), VendorOptionError> {
        let (dialect, option) = name
            .split_once('.')
            .ok_or_else(|| VendorOptionError::new(format!("a knob is named DIALECT.KNOB, not `{name}`")))?;
        let dialect = Vendor::all()
            .flat_map(|vendor| vendor.dialects().iter())
            .find(|row| row.name == dialect)
            .ok_or_else(|| VendorOptionError::new(format!("there is no dialect `{dialect}`")))?;
        self.set_of(dialect, option, value)
    }
}

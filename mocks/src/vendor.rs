//! What a vendor is: a name, the dialects it speaks, and how each of them answers.
//!
//! Which vendors there are is [`crate::vendors`]; what happens when is [`crate::machine`].

use std::fmt;

use crate::api::Api;
use crate::wire::Request;

pub use crate::dialect::*;

/// One of the registered vendors.
#[derive(Clone, Copy)]
pub struct Vendor(&'static Profile);

impl Vendor {
    /// The vendor of a profile; [`crate::vendors`] makes one of each that it lists.
    pub(crate) const fn of(profile: &'static Profile) -> Self {
        Self(profile)
    }

    /// Lower-case name used in flags, case names and, upper-cased, in environment variables.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// Name as people write it.
    pub const fn title(self) -> &'static str {
        self.0.title
    }

    /// The dialect the vendor's main model speaks.
    pub const fn main_dialect(self) -> &'static Dialect {
        self.0.dialects[0]
    }

    /// Every dialect the mock serves.
    pub const fn dialects(self) -> &'static [&'static Dialect] {
        self.0.dialects
    }

    /// How a dialect of this vendor answers.
    ///
    /// # Panics
    /// When the dialect is another vendor's.
    pub fn api(self, dialect: &'static Dialect) -> &'static dyn Api {
        let mut pairs = self.0.dialects.iter().zip(self.0.apis);
        let found = pairs.find(|(known, _)| known.name == dialect.name);
        *found.unwrap_or_else(|| panic!("{self} has no dialect {}", dialect.name)).1
    }

    /// The dialect a request is in, and its route. A path that no dialect knows is the main dialect's
    /// to refuse.
    pub fn routing(self, request: &Request) -> Routing<'_> {
        let path = request.path();
        let mut routing = Routing { dialect: self.main_dialect(), route: None, segment: "" };
        for dialect in self.dialects() {
            for route in dialect.routes {
                let Some(segment) = route.segment(path) else { continue };
                // Right path and wrong method: the dialect is known, the route is not.
                routing.dialect = dialect;
                if route.method == request.method {
                    return Routing { dialect, route: Some(route), segment };
                }
            }
        }
        routing
    }

    /// Name of an environment variable about this vendor, `RINGBACK_KLING_URL` for `URL`.
    pub fn variable(self, what: &str) -> String {
        format!("RINGBACK_{}_{what}", self.name().to_ascii_uppercase())
    }
}

impl PartialEq for Vendor {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Vendor {}

impl fmt::Debug for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A vendor's entry in the registry.
#[derive(Debug)]
pub struct Profile {
    /// See [`Vendor::name`].
    pub name: &'static str,
    /// See [`Vendor::title`].
    pub title: &'static str,
    /// Dialects, the main one first.
    pub dialects: &'static [&'static Dialect],
    /// How each of the dialects answers, in their order.
    pub apis: &'static [&'static dyn Api],
}

/// Where a request belongs.
#[derive(Clone, Copy, Debug)]
pub struct Routing<'r> {
    /// The dialect that answers.
    pub dialect: &'static Dialect,
    /// The route, if there is one for path and method.
    pub route: Option<&'static Route>,
    /// The segment that the route's braces stand for.
    pub segment: &'r str,
}

//! How the lists of switches of the reference subjects are written: a row each, with a stable name
//! and a clause about the subject. Which rows there are is said in the lists.

/// Makes an enum of switches from rows `Variant "name" "what it does"`.
macro_rules! switches {
    ($(#[$meta:meta])* $switch:ident { $($variant:ident $name:literal $about:literal)* }) => {
        $(#[$meta])*
        #[expect(clippy::doc_markdown, reason = "the descriptions are also printed on terminals, without backticks")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $switch {
            $(#[doc = $about] $variant,)*
        }

        impl $switch {
            /// Every one, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does, as a clause about the subject.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// The one of that name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|switch| switch.name() == name)
            }
        }
    };
}
pub(crate) use switches;

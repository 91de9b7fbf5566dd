//! What can be done to a reference subject from outside: a mutant makes one thing wrong, a variant makes one thing unusual.
//!
//! What lives here is their shape. The mutants and variants themselves stand in tables beside their subject, each with the
//! function that wraps the stages it is about.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A reference subject, as far as mutants and variants know it.
pub trait Subject: fmt::Debug + 'static {
    /// The steps that they wrap.
    type Stages;
}

/// Declares one of the two kinds of deviation: they have the same shape and must never be taken for each other.
macro_rules! deviation {
    ($(#[$meta:meta])* $kind:ident) => {
        $(#[$meta])*
        pub struct $kind<S: Subject> {
            /// Stable name.
            pub name: &'static str,
            /// What it does, as a clause about the subject.
            pub about: &'static str,
            /// Names of those that cannot be on together with it. Said by one of two is enough.
            pub excludes: &'static [&'static str],
            apply: fn(&mut S::Stages),
        }

        impl<S: Subject> $kind<S> {
            /// One that goes together with every other.
            pub const fn new(name: &'static str, about: &'static str, apply: fn(&mut S::Stages)) -> Self {
                Self { name, about, excludes: &[], apply }
            }

            /// One that cannot be on together with those of these names.
            #[must_use]
            pub const fn excluding(self, excludes: &'static [&'static str]) -> Self {
                Self { excludes, ..self }
            }

            /// Wraps the stages that it is about.
            pub fn apply(&self, stages: &mut S::Stages) {
                (self.apply)(stages);
            }
        }

        impl<S: Subject> Clone for $kind<S> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<S: Subject> Copy for $kind<S> {}

        // A name is unique among those of a subject.
        impl<S: Subject> PartialEq for $kind<S> {
            fn eq(&self, other: &Self) -> bool {
                self.name == other.name
            }
        }

        impl<S: Subject> Eq for $kind<S> {}

        impl<S: Subject> Hash for $kind<S> {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.name.hash(state);
            }
        }

        impl<S: Subject> fmt::Debug for $kind<S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($kind)).field(&self.name).finish()
            }
        }
    };
}

deviation! {
    /// A deliberate fault of a reference subject: some check must catch it.
    Mutant
}
deviation! {
    /// A legal but unusual behaviour of a reference subject: every check must accept it.
    Variant
}

/// A table of mutants or variants: a constant for each row, and `ALL` with every row in its order.
///
/// A row is `CONSTANT "name" "what it does" => function;`, with `, excludes ["name", …]` before the semicolon where two
/// cannot be on together.
macro_rules! deviations {
    ($kind:ident of $subject:ty;
     $($(#[$meta:meta])* $constant:ident $name:literal $about:literal => $apply:expr $(, excludes $excludes:tt)?;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $about, ".")]
            $(#[$meta])*
            pub const $constant: $crate::deviation::$kind<$subject> =
                $crate::deviation::$kind::new($name, $about, $apply)$(.excluding(&$excludes))?;
        )*

        /// Every row of this table, in its order.
        pub(super) const ALL: &[$crate::deviation::$kind<$subject>] = &[$($constant),*];
    };
}
pub(crate) use deviations;

/// The tables of a subject: every constant of theirs, and `ALL` with every row in the order of the tables.
///
/// Their modules are declared beside it and not by it: what stands in a macro is not found by the formatter.
macro_rules! tables {
    ($kind:ident of $subject:ty: $($table:ident),* $(,)?) => {
        $(pub use $table::*;)*

        /// Every one, in the order of the tables.
        pub const ALL: &[$crate::deviation::$kind<$subject>] = {
            const TABLES: &[&[$crate::deviation::$kind<$subject>]] = &[$($table::ALL),*];
            const COUNT: usize = $crate::deviation::count(TABLES);
            &$crate::deviation::joined::<_, COUNT>(TABLES)
        };
    };
}
pub(crate) use tables;

/// How many rows some tables have.
pub(crate) const fn count<T>(tables: &[&[T]]) -> usize {
    let (mut count, mut table) = (0, 0);
    while table < tables.len() {
        count += tables[table].len();
        table += 1;
    }
    count
}

/// The rows of some tables, one after another. The first of them must not be empty.
pub(crate) const fn joined<T: Copy, const COUNT: usize>(tables: &[&[T]]) -> [T; COUNT] {
    let mut rows = [tables[0][0]; COUNT];
    let (mut at, mut table) = (0, 0);
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            rows[at] = tables[table][row];
            at += 1;
            row += 1;
        }
        table += 1;
    }
    rows
}

/// Two deviations that cannot be on together: one of them says so, or they are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conflict(pub &'static str, pub &'static str);

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` and `{}` cannot be on together", self.0, self.1)
    }
}

impl std::error::Error for Conflict {}

/// Puts mutants and variants on the stages of a subject, in their order.
///
/// # Errors
/// When two of them exclude each other, whichever of the two says so; then nothing is put on.
pub fn apply_all<S: Subject>(
    stages: &mut S::Stages,
    mutants: &[Mutant<S>],
    variants: &[Variant<S>],
) -> Result<(), Conflict> {
    let of_mutants = mutants.iter().map(|one| (one.name, one.excludes));
    let all: Vec<_> = of_mutants.chain(variants.iter().map(|one| (one.name, one.excludes))).collect();
    for (at, (name, excludes)) in all.iter().enumerate() {
        for (other, excludes_too) in &all[at + 1..] {
            if name == other || excludes.contains(other) || excludes_too.contains(name) {
                return Err(Conflict(name, other));
            }
        }
    }
    for variant in variants {
        variant.apply(stages);
    }
    // Outermost, so that what is wrong shows whatever else is unusual.
    for mutant in mutants {
        mutant.apply(stages);
    }
    Ok(())
}

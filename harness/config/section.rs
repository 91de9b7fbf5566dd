//! A section of settings, each of which has one home: a field that is flag, variable and key of the file at once.

use super::environment::PREFIX;
use super::{ConfigError, Environment};

/// A setting by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its key in the file, and the name of its flag to the parser of the command line.
    pub key: &'static str,
    /// What the flag is called after, which is the key where it has no name of its own.
    pub(super) long: &'static str,
    /// What stands for its value in the help.
    pub value: &'static str,
    /// What its section puts before its variable.
    pub(super) prefix: &'static str,
    /// Its variable, where that is not what the rule makes of the flag.
    pub(super) variable: Option<&'static str>,
}

impl Field {
    /// The flag, without the dashes before it.
    pub fn flag(&self) -> String {
        self.long.replace('_', "-")
    }

    /// The variable that says it: `RINGBACK_`, what is the section's, and the flag.
    pub fn variable(&self) -> String {
        let usual = || format!("{PREFIX}{}{}", self.prefix, self.long.replace('-', "_").to_ascii_uppercase());
        self.variable.map_or_else(usual, str::to_owned)
    }

    /// What the environment says of it.
    pub(super) fn read<S: super::setting::Setting>(
        &self,
        environment: &Environment,
    ) -> Result<S, ConfigError> {
        let Some(value) = environment.value(&self.variable()) else { return Ok(S::default()) };
        let shown = value.to_string_lossy().into_owned();
        S::read(value).map_err(|error| {
            let (flag, value) = (self.flag(), self.value);
            ConfigError(format!(
                "in the environment: invalid value '{shown}' for '--{flag} <{value}>': {error}"
            ))
        })
    }
}

/// A struct whose fields are settings.
pub trait Section: Default {
    /// Its settings.
    const FIELDS: &'static [Field];

    /// What counts when this was said above that, setting by setting.
    #[must_use]
    fn over(self, below: Self) -> Self;

    /// What the environment says. A value that is none must not be passed over: what is judged would be another
    /// run than the one that was asked for.
    ///
    /// # Errors
    /// When a variable has a value that its flag does not take.
    fn of_environment(environment: &Environment) -> Result<Self, ConfigError>;
}

/// Declares a section. Behind the name of the struct stands what its variables begin with after `RINGBACK_`; then the
/// settings of which only one can be meant, so that one that is said silences the others below it. A field takes the
/// attributes of clap and serde, and `variable` where the rule for its variable does not hold.
macro_rules! section {
    (
        $(#[doc = $about:literal])*
        $(#[command($($command:tt)*)])?
        pub struct $Section:ident($prefix:literal) $(one of ($($one:ident),+))* {
            $(
                $(#[doc = $doc:literal])*
                $(#[serde($($serde:tt)*)])?
                $(#[arg($($arg:tt)*)])?
                $(#[variable($variable:literal)])?
                $field:ident: $kind:ty,
            )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields, default)]
        #[cfg_attr(feature = "cli", derive(clap::Args))]
        $(#[cfg_attr(feature = "cli", command($($command)*))])?
        pub struct $Section {
            $(
                $(#[doc = $doc])*
                $(#[serde($($serde)*)])?
                $(#[cfg_attr(feature = "cli", arg($($arg)*))])?
                pub $field: $kind,
            )*
        }

        impl $crate::config::section::Section for $Section {
            const FIELDS: &'static [$crate::config::section::Field] = &[$(
                $crate::config::section::Field {
                    key: stringify!($field),
                    long: $crate::config::section::flag!($field; $($($arg)*)?),
                    value: $crate::config::section::value!($($($arg)*)?),
                    prefix: $prefix,
                    variable: $crate::config::section::variable!($($variable)?),
                },
            )*];

            fn over(self, below: Self) -> Self {
                use $crate::config::setting::Setting;
                $(
                    let silences = $(Setting::silences(&self.$one))||+;
                    let below = if silences { Self { $($one: Default::default(),)+ ..below } } else { below };
                )*
                Self { $($field: Setting::over(self.$field, below.$field),)* }
            }

            fn of_environment(environment: &$crate::config::Environment) -> Result<Self, $crate::config::ConfigError> {
                let mut fields = Self::FIELDS.iter();
                Ok(Self { $($field: $crate::config::section::next(&mut fields, environment)?,)* })
            }
        }
    };
}

/// Reads the next setting of a section.
pub(super) fn next<'f, S: super::setting::Setting>(
    fields: &mut impl Iterator<Item = &'f Field>,
    environment: &Environment,
) -> Result<S, ConfigError> {
    fields.next().map_or_else(|| Ok(S::default()), |field| field.read(environment))
}

/// The flag in the attributes of clap.
macro_rules! flag {
    ($field:ident; long = $long:literal $($rest:tt)*) => {
        $long
    };
    ($field:ident; $($rest:tt)*) => {
        stringify!($field)
    };
}

/// The name of the value in the attributes of clap.
macro_rules! value {
    (value_name = $name:literal $($rest:tt)*) => {
        $name
    };
    (long, value_name = $name:literal $($rest:tt)*) => {
        $name
    };
    (long = $long:literal, value_name = $name:literal $($rest:tt)*) => {
        $name
    };
    ($($rest:tt)*) => {
        ""
    };
}

macro_rules! variable {
    () => {
        None
    };
    ($name:literal) => {
        Some($name)
    };
}

pub(super) use {flag, section, value, variable};

//! An accepted create, and its body as it is kept: text, and the value while somebody works with it.
//!
//! What becomes of it is [`crate::tasks`].

use std::ops::Deref;
use std::sync::OnceLock;

use serde_json::Value;

use crate::dialect::Dialect;
use crate::wire::Secret;

/// A create that passed validation.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The dialect it came in.
    pub dialect: &'static Dialect,
    /// The product, for vendors whose query path depends on it.
    pub product: &'static str,
    /// Model asked for.
    pub model: String,
    /// Prompt, empty where the product needs none.
    pub prompt: String,
    /// Where to call back.
    pub callback_url: Option<String>,
    /// The id the caller chose, where the vendor has such a thing.
    pub external_id: Option<String>,
    /// The request body, for vendors that echo it; made with `.into()`, and read as the value it was.
    pub body: Body,
    /// The key that created it.
    pub key: Secret,
}

/// A JSON document that is kept as text and reads as a [`Value`].
///
/// A value takes five times the memory of its text, and a vendor has a hundred thousand tasks.
#[derive(Clone, Debug)]
pub struct Body {
    text: Box<[u8]>,
    read: OnceLock<Value>,
}

impl Body {
    /// The document as JSON text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// A copy of the value, for who works on with it; the document itself stays at rest.
    pub fn value(&self) -> Value {
        self.read.get().cloned().unwrap_or_else(|| self.read_anew())
    }

    /// Forgets the value; it is read from the text when it is wanted again.
    pub fn rest(&mut self) {
        self.read.take();
    }

    fn read_anew(&self) -> Value {
        // It was written by `from`, so it can be read.
        serde_json::from_slice(&self.text).unwrap_or_default()
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        // A value without maps of foreign key types has no way to fail.
        let text = serde_json::to_vec(&value).unwrap_or_default().into_boxed_slice();
        Self { text, read: OnceLock::from(value) }
    }
}

impl Deref for Body {
    type Target = Value;

    fn deref(&self) -> &Value {
        self.read.get_or_init(|| self.read_anew())
    }
}

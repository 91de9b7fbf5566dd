//! Where a requirement comes from: the pages that this project has read, each a constant with its address and date.
//!
//! What a page demands stands in the catalogue; nothing here decides anything.

/// Where a requirement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Title of the page.
    pub page: &'static str,
    /// Its address.
    pub url: &'static str,
    /// When it was read.
    pub read: &'static str,
    /// How it is known.
    pub basis: Basis,
}

/// How a requirement is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The page says it.
    Stated,
    /// The page's examples show it.
    Shown,
    /// It follows from what the page says; the sentence itself stands nowhere.
    Inferred,
}

impl Basis {
    /// As a participle.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Shown => "shown by example",
            Self::Inferred => "inferred",
        }
    }
}

impl Source {
    /// "Webhook Callbacks", the page this project exists for.
    pub const CALLBACKS: Self = Self {
        page: "Webhook Callbacks",
        url: "https://doc.apimp.ai/en/docs/common-api/task/webhook",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// "Image API": the submit endpoint and its allow-list.
    pub const SUBMIT: Self = Self {
        page: "Image API",
        url: "https://doc.apimp.ai/en/docs/generate/image-api",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// The generated reference of one model, which shows types and error blocks.
    pub const REFERENCE: Self = Self {
        page: "nano-banana-2 reference",
        url: "https://doc.apimp.ai/en/docs/generate/image-api/nano-banana-2",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// "Video API": polling, files.
    pub const VIDEO: Self = Self {
        page: "Video API",
        url: "https://doc.apimp.ai/en/docs/generate/video-api",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// Kling's "Callbacks": states, Standard Webhooks signature.
    pub const KLING: Self = Self {
        page: "Kling callbacks",
        url: "https://kling.ai/document-api/api/get-started/callbacks",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// Ark's video generation reference: callback, its limit and repetition.
    pub const ARK: Self = Self {
        page: "Ark video generation",
        url: "https://www.volcengine.com/docs/82379/1520757",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// MiniMax's video generation reference (v1): the challenge, the callback.
    pub const MINIMAX: Self = Self {
        page: "MiniMax video generation",
        url: "https://platform.minimaxi.com/docs/api-reference/video-generation-t2v",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// MiniMax's video generation reference (v2).
    pub const MINIMAX_V2: Self = Self {
        page: "MiniMax video generation v2",
        url: "https://platform.minimax.io/docs/api-reference/video-generation-v2-create",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// Vidu's reference: callback states and bodies.
    pub const VIDU: Self = Self {
        page: "Vidu image to video",
        url: "https://platform.vidu.com/docs/image-to-video",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// Vidu's "Callback signature".
    pub const VIDU_SIGNATURE: Self = Self {
        page: "Vidu callback signature",
        url: "https://platform.vidu.com/docs/callback-signature",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// The Standard Webhooks specification, which Kling prescribes.
    pub const STANDARD_WEBHOOKS: Self = Self {
        page: "Standard Webhooks",
        url: "https://www.standardwebhooks.com",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// HTTP Semantics.
    pub const HTTP: Self = Self {
        page: "RFC 9110",
        url: "https://www.rfc-editor.org/rfc/rfc9110",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// JSON.
    pub const JSON: Self = Self {
        page: "RFC 8259",
        url: "https://www.rfc-editor.org/rfc/rfc8259",
        read: "2026-11-24",
        basis: Basis::Stated,
    };
    /// "Get Task Status".
    pub const STATUS: Self = Self {
        page: "Get Task Status",
        url: "https://doc.apimp.ai/en/docs/common-api/task/status",
        read: "2026-11-24",
        basis: Basis::Stated,
    };

    /// This page, where only its examples show the point.
    #[must_use]
    pub const fn shown(self) -> Self {
        Self { basis: Basis::Shown, ..self }
    }

    /// This page, where the point only follows from it.
    #[must_use]
    pub const fn inferred(self) -> Self {
        Self { basis: Basis::Inferred, ..self }
    }
}

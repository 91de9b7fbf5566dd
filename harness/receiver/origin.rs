//! Where the jobs come from that a receiver is called back about. What a receiver takes is found out by `discovery`;
//! nothing here asks it.

/// How the receiver takes callbacks of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobOrigin {
    /// At its hook, about jobs it has never heard of: it trusts the signature, or asks the gateway.
    Unsolicited,
    /// Only about jobs that it has started, at the URL it made for each.
    Started,
}

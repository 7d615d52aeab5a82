//! Limits of a vault, on what is written and on disk space.

/// Limits of a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultLimits {
    /// Bytes of all attachments of one message together.
    pub attachments_bytes: u64,
    /// Attachments of one message.
    pub attachments: usize,
    /// Bytes of one message's text that this app writes.
    pub text_bytes: usize,
    /// Bytes of a draft's text: more than can be sent, so that nothing typed is lost.
    pub draft_bytes: usize,
    /// Bytes of a subject.
    pub subject_bytes: usize,
    /// Recipients named in a new letter.
    pub recipients: usize,
    /// Bytes of free disk space that received files must leave.
    pub reserve_bytes: u64,
}

impl Default for VaultLimits {
    fn default() -> Self {
        Self {
            attachments_bytes: 4 << 30,
            attachments: 100,
            text_bytes: 256 << 10,
            draft_bytes: 1 << 20,
            subject_bytes: 1000,
            recipients: 200,
            reserve_bytes: 1 << 20,
        }
    }
}

//! Quit reasons: why a service ends a link.

use crate::listed::listed;

listed! {
    /// The reasons a `quit` may give, with their exact words on the wire.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Quit {
        /// The four digits are not hex, or the length is out of bounds.
        InvalidHeaderLength,
        /// The header is not the object it must be for its op.
        InvalidHeader,
        /// The device secret is not base 32.
        CorruptBase32,
        /// A second TmtpRev.
        Repetition,
        /// A request that needs a login came before one.
        Unauthenticated,
        /// Register or Login on a link that is logged in.
        AlreadyConnected,
        /// Register or Login before TmtpRev. Never sent: a link is not told anything before TmtpRev.
        TmtpRevOmitted,
        /// Register without the token of the third party that authenticates here.
        AuthenticationRequired,
        /// The service could not make the account.
        RegisterFailure,
        /// Unknown member or device.
        LoginFailed,
        /// The device has another link.
        NodeConnected,
        /// The answer to Quit.
        Logout,
        /// Data exceeds what the request may carry.
        DataTooLong,
        /// Data is shorter than the request announces.
        DataTooShort,
        /// A ping's text is not UTF-8.
        DataNotUtf8,
        /// A PostNotify that would reach nobody.
        ForEmpty,
    }
}

impl Quit {
    /// The words on the wire.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::InvalidHeaderLength => "invalid header length",
            Self::InvalidHeader => "invalid header",
            Self::CorruptBase32 => "corrupt base32 value",
            Self::Repetition => "disallowed op repetition",
            Self::Unauthenticated => "disallowed op on unauthenticated link",
            Self::AlreadyConnected => "disallowed op on connected link",
            Self::TmtpRevOmitted => "tmtprev was omitted",
            Self::AuthenticationRequired => "authentication required",
            Self::RegisterFailure => "register failure",
            Self::LoginFailed => "login failed",
            Self::NodeConnected => "node already connected",
            Self::Logout => "logout ok",
            Self::DataTooLong => "data too long for request type",
            Self::DataTooShort => "data too short for request type",
            Self::DataNotUtf8 => "data not valid UTF8",
            Self::ForEmpty => "recipient list empty",
        }
    }

    /// The reason with these words.
    pub fn from_reason(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quit| quit.reason() == words)
    }

    /// The whole message, ready to be sent.
    pub fn message(self) -> Vec<u8> {
        let head = format!(r#"{{"error":"{}","op":"quit"}}"#, self.reason());
        format!("{:04x}{head}", head.len()).into_bytes()
    }
}

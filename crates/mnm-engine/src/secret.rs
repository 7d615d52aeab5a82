//! Secret text that a person is shown once or types in.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// A device code: who has it becomes a device of the account. Wiped from memory when dropped, never shown by
/// `Debug`, compared in constant time.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretCode(Zeroizing<String>);

impl SecretCode {
    /// Its text. The caller keeps a copy as secret as this.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<Zeroizing<String>> for SecretCode {
    fn from(text: Zeroizing<String>) -> Self {
        Self(text)
    }
}

impl From<String> for SecretCode {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl PartialEq for SecretCode {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for SecretCode {}

impl fmt::Debug for SecretCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretCode(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Reply};

    #[test]
    fn code_stands_in_json_and_never_in_debug() {
        let code = SecretCode::from("mnm1:secret".to_owned());
        let (command, reply) = (Command::JoinDevice { code: code.clone() }, Reply::Code(code));
        assert!(serde_json::to_string(&command).unwrap().contains("mnm1:secret"));
        assert!(serde_json::to_string(&reply).unwrap().contains("mnm1:secret"));
        let shown = format!("{command:?} {reply:?}");
        assert!(!shown.contains("mnm1") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn codes_are_equal_when_their_texts_are() {
        let code = |text: &str| SecretCode::from(text.to_owned());
        assert_eq!(code("mnm1:a"), code("mnm1:a"));
        assert_ne!(code("mnm1:a"), code("mnm1:b"));
    }
}

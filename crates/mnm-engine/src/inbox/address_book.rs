//! What one device of the member tells the others. For now it is dropped.

use super::Inbox;
use crate::error::Error;

impl Inbox {
    pub(super) async fn node_sync(
        &self,
        _msgid: String,
        _posted_ms: i64,
        _text: &str,
    ) -> Result<(), Error> {
        Ok(())
    }
}

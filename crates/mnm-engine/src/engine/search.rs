//! Full-text search in slices, so that other commands run in between.

use crate::engine::Engine;
use crate::error::Error;
use crate::vault::Search;
use crate::view::{AccountId, SearchHit};

impl Engine {
    pub(super) async fn search(
        &self,
        account: Option<AccountId>,
        words: &str,
        limit: Option<u32>,
    ) -> Result<Vec<SearchHit>, Error> {
        let Some(mut search) = Search::new(account, words, limit) else { return Ok(Vec::new()) };
        loop {
            let slice = self.store().read(move |vault| {
                let more = vault.search_slice(&mut search)?;
                Ok((search, more))
            });
            let more;
            (search, more) = slice.await?;
            if !more {
                return Ok(search.into_hits());
            }
        }
    }
}

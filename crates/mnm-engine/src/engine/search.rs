//! Full-text search in slices, so that other commands run in between.

use crate::engine::Engine;
use crate::error::Error;
use crate::vault::{Search, SearchArgs};
use crate::view::SearchPage;

impl Engine {
    /// A page of hits.
    pub(super) async fn search(&self, args: &SearchArgs) -> Result<SearchPage, Error> {
        let indexing = self.store().read(|vault| vault.is_indexing()).await?;
        let Some(search) = Search::new(args) else {
            return Ok(SearchPage {
                hits: Vec::new(),
                more: false,
                indexing,
                newest_only: false,
                phrases: Vec::new(),
            });
        };
        let search = self.run_search(search).await?;
        let (more, newest_only) = (search.is_full(), search.is_cut());
        let phrases = search.phrases().to_vec();
        Ok(SearchPage { hits: search.into_hits(), more, indexing, newest_only, phrases })
    }

    /// The number of matches.
    pub(super) async fn count_hits(&self, args: &SearchArgs) -> Result<u64, Error> {
        let Some(search) = Search::counting(args) else { return Ok(0) };
        Ok(self.run_search(search).await?.count())
    }

    async fn run_search(&self, mut search: Search) -> Result<Search, Error> {
        loop {
            let slice = self.store().read(move |vault| {
                let more = vault.search_slice(&mut search)?;
                Ok((search, more))
            });
            let more;
            (search, more) = slice.await?;
            if !more {
                return Ok(search);
            }
        }
    }
}

//! `cargo xtask gallery`: the components of the pages in all their states, without an app.

use anyhow::Result;

use crate::{install, run, web};

/// Serves the gallery until it is ended.
pub(crate) fn show() -> Result<()> {
    web::packages()?;
    run::loud(&mut web::gallery())
}

/// Takes the pictures in `web/gallery/pictures` anew.
pub(crate) fn renew() -> Result<()> {
    web::packages()?;
    let browser = install::browser()?;
    run::loud(&mut web::gallery_pictures(&browser))
}

//! `cargo xtask screens`: pictures of the pages, in `docs/screens`.

use anyhow::Result;

use crate::run::{self, cargo};
use crate::step::{Output, Steps};
use crate::{install, web};

/// Builds what is shown, and takes the pictures.
pub(crate) fn run() -> Result<()> {
    let mut steps = Steps::new(Output::Loud);
    steps.take("what building needs", install::to_build)?;
    steps.take("pages", web::build)?;
    steps.take("service and app", || {
        run::loud(&mut cargo(["build", "--quiet", "-p", "tmtpd", "-p", "mnm"]))
    })?;
    let browser = steps.take("browser", install::browser)?;
    steps.take("pictures", || run::loud(&mut web::screens(&browser)))
}

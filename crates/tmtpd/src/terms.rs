//! Terms: what the administrator may change while the service runs.

use std::sync::Arc;

use crate::config::{Config, Limits, PostPolicy, Service};
use crate::policy;

/// What the administrator may change while the service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The name the service gives itself.
    pub(crate) name: String,
    /// What anyone may ask of it.
    pub(crate) limits: Arc<Limits>,
    /// Whom a member may post to.
    pub(crate) post_policy: PostPolicy,
    /// The same for people to read.
    pub(crate) policy_told: &'static str,
}

impl Terms {
    /// As configured; `unsaid` is the post policy where the configuration says nothing.
    pub(crate) fn of(config: &Config, unsaid: PostPolicy) -> Self {
        // Each key of `[service]`, so that a new one is thought of here.
        let Service {
            name,
            post_policy: said,
            data: _,
            listen: _,
            server_names: _,
            default: _,
            public: _,
        } = &config.service;
        let said = *said;
        let post_policy = said.unwrap_or(unsaid);
        Self {
            name: name.clone(),
            limits: Arc::new(config.limits.clone()),
            post_policy,
            policy_told: policy::told(said, post_policy),
        }
    }
}

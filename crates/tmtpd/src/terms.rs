//! Terms: the settings that can change while the service runs.

use std::sync::Arc;

use crate::config::{Config, Limits, PostPolicy, ServiceSettings};
use crate::policy;

/// Settings that can change while the service runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The service's name.
    pub(crate) name: String,
    /// The limits.
    pub(crate) limits: Arc<Limits>,
    /// Whom a member may post to.
    pub(crate) post_policy: PostPolicy,
    /// The same in words.
    pub(crate) policy_text: &'static str,
}

impl Terms {
    /// From the configuration; `unsaid` is the post policy where it sets none.
    pub(crate) fn of(config: &Config, unsaid: PostPolicy) -> Self {
        // Destructured, so that a new key of `[service]` is considered here.
        let ServiceSettings {
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
            policy_text: policy::describe(said, post_policy),
        }
    }
}

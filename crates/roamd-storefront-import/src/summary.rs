//! The end of a report: what was taken, and what the operator has to do (SI-29).

use std::fmt;

use roamd_config::{BaseUrl, Scheme};
use serde::Serialize;

use crate::model::Deployment;

/// Objects of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Number of objects that the result has.
    pub taken: usize,
    /// Number of objects of the files.
    pub all: usize,
}

/// What an import has taken, and what remains to do.
///
/// Displays as one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Farms.
    pub farms: Count,
    /// Citrix Gateways.
    pub gateways: Count,
    /// User farm mappings.
    pub mappings: Count,
    /// What the operator has to add.
    pub to_do: Vec<String>,
}

impl Count {
    /// Adds the objects of another store.
    pub(crate) fn add(&mut self, other: Self) {
        self.taken += other.taken;
        self.all += other.all;
    }
}

impl Summary {
    /// Counts what a deployment has, and lists what it needs beside its files.
    /// `has_key_files` is whether its key files exist when the caller is done.
    pub(crate) fn complete(&mut self, deployment: &Deployment, has_key_files: bool) {
        let stores = &deployment.stores;
        self.farms.taken = stores.iter().map(|store| store.farms.len()).sum();
        self.gateways.taken = stores.iter().map(|store| store.gateways.len()).sum();
        let scheme = deployment.base_urls.first().map(BaseUrl::scheme);
        if scheme == Some(Scheme::Https) {
            self.to_do.push("[tls] or `trusted_proxies`".into());
        }
        if self.gateways.taken > 0 {
            self.to_do.push("`inside`".into());
        }
        let mut mappings = stores.iter().flat_map(|store| &store.mappings);
        if mappings.any(|mapping| mapping.to_do.is_some()) {
            self.to_do.push("[[store.mapping]]".into());
        }
        if has_key_files {
            return;
        }
        match deployment.key_files().count() {
            0 => {}
            1 => self.to_do.push("1 key file".into()),
            count => self.to_do.push(format!("{count} key files")),
        }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.taken, self.all)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "imported {} farms, {} gateways, {} mappings",
            self.farms, self.gateways, self.mappings
        )?;
        if !self.to_do.is_empty() {
            write!(f, "; to do: {}", self.to_do.join(", "))?;
        }
        Ok(())
    }
}

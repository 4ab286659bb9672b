//! The files for containers, by the schemas of Compose and Kubernetes.

use anyhow::Result;

use crate::process::{command, run};
use crate::python::PythonTool;

/// Has the schema of Compose.
const COMPOSE: PythonTool = PythonTool {
    package: "check-jsonschema",
    version: "0.39.0",
    program: "check-jsonschema",
};

/// Has the schemas of Kubernetes.
const KUBERNETES: PythonTool = PythonTool {
    package: "kubernetes-validate",
    version: "1.37.0",
    program: "kubernetes-validate",
};

/// Checks all files, where an unknown key is an error.
pub(super) fn check() -> Result<()> {
    run(command(COMPOSE.ensure()?)
        .args(["--builtin-schema", "vendor.compose-spec"])
        .arg("dist/container/compose.yaml"))?;
    run(command(KUBERNETES.ensure()?)
        .arg("--strict")
        .args(["dist/kubernetes/roamd.yaml", "dist/kubernetes/etcd.yaml"]))
}

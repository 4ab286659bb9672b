//! The request and its response.

use roamd_xml::{Element, Fault, Writer};

use super::application::Application;
use super::icon::IconForm;
use crate::nfuse_element::NfuseElement;
use crate::{Body, Credentials, Effect, Request, element_writer};

/// Request for the applications of a farm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AppDataRequest {
    /// `Scope/@traverse`: `onelevel` or `subtree`.
    pub traverse: Option<String>,
    /// `Scope`: a folder, empty for the root.
    pub folder: String,
    /// `DesiredDetails`: `defaults`, `file-type`, `icon-info`, `access-list`, `permissions`, …
    pub desired_details: Vec<String>,
    /// `DesiredIconData`.
    pub desired_icons: Vec<IconForm>,
    /// `AppName`: internal names of the requested applications; empty for all.
    pub app_names: Vec<String>,
    /// `ServerType`: filter; at least one.
    pub server_types: Vec<String>,
    /// `ClientType`: filter; at least one.
    pub client_types: Vec<String>,
    /// `Credentials` of the user; absent for all users.
    pub credentials: Option<Credentials>,
    /// `ClientName`.
    pub client_name: Option<String>,
    /// `ClientAddress`.
    pub client_address: Option<String>,
}

/// The applications of a farm.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AppDataResponse {
    /// `LeasingStatus` (5.9).
    pub leasing_status: Option<String>,
    /// `AppDataSet/Scope/@traverse`: `onelevel`, absent on farms of version 7. Not written without
    /// applications.
    pub traverse: Option<String>,
    /// The applications. Those without a name are left out.
    pub applications: Vec<Application>,
}

impl Body for AppDataRequest {
    const ELEMENT: &'static str = "RequestAppData";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        let scope = element.single_child("Scope")?;
        Ok(Self {
            traverse: scope
                .and_then(|n| n.attribute("traverse"))
                .map(str::to_owned),
            folder: scope.map(|n| n.text().to_owned()).unwrap_or_default(),
            desired_details: element.child_texts("DesiredDetails"),
            desired_icons: element
                .children_named("DesiredIconData")
                .map(|n| IconForm::read(&n))
                .collect(),
            app_names: element.child_texts("AppName"),
            server_types: element.required_child_texts("ServerType")?,
            client_types: element.required_child_texts("ClientType")?,
            credentials: Credentials::read_optional(&element)?,
            client_name: element.single_child_text("ClientName")?,
            client_address: element.single_child_text("ClientAddress")?,
        })
    }

    fn write(&self, writer: &mut Writer) {
        element_writer::leaf_with_attribute(
            writer,
            "Scope",
            "traverse",
            self.traverse.as_deref(),
            &self.folder,
        );
        element_writer::leaves(writer, "DesiredDetails", &self.desired_details);
        for form in &self.desired_icons {
            writer.leaf("DesiredIconData", &form.attributes(), "");
        }
        element_writer::leaves(writer, "AppName", &self.app_names);
        element_writer::leaves(writer, "ServerType", &self.server_types);
        element_writer::leaves(writer, "ClientType", &self.client_types);
        if let Some(credentials) = &self.credentials {
            credentials.write(writer);
        }
        element_writer::optional_leaf(writer, "ClientName", self.client_name.as_deref());
        if let Some(address) = &self.client_address {
            writer.leaf("ClientAddress", &[("addresstype", "dot")], address);
        }
    }
}

impl Request for AppDataRequest {
    type Response = AppDataResponse;

    fn effect(&self) -> Effect {
        Effect::Read
    }
}

impl Body for AppDataResponse {
    const ELEMENT: &'static str = "ResponseAppData";

    fn read(element: Element<'_>) -> Result<Self, Fault> {
        let element = NfuseElement::root(element);
        let (mut traverse, mut applications) = (None, Vec::new());
        for set in element.children_named("AppDataSet") {
            let scope = set.first_child("Scope");
            traverse = traverse.or_else(|| scope?.attribute("traverse").map(str::to_owned));
            applications.extend(
                set.children_named("AppData")
                    .filter_map(|n| Application::read(&n)),
            );
        }
        Ok(Self {
            leasing_status: element.first_child_text("LeasingStatus"),
            traverse,
            applications,
        })
    }

    fn write(&self, writer: &mut Writer) {
        element_writer::optional_leaf(writer, "LeasingStatus", self.leasing_status.as_deref());
        if self.applications.is_empty() {
            return;
        }
        writer.open("AppDataSet", &[]);
        let traverse = self.traverse.as_deref();
        element_writer::leaf_with_attribute(writer, "Scope", "traverse", traverse, "");
        for application in &self.applications {
            application.write(writer);
        }
        writer.close();
    }
}

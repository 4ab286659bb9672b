//! `RequestAppData`: the published applications of a user (nfuse.md §6).

use std::collections::HashSet;

use roamd_nfuse_proto::{
    AccessEntry, AppDataRequest, AppDataResponse, Application, Credentials, Domain, FileType,
    Settings,
};
use rusqlite::Connection;

use crate::model::application::ApplicationRow;
use crate::model::case_folding::{contains_word, fold_case};
use crate::model::farm::FarmRow;
use crate::model::user::UserRow;
use crate::rules::generation_behaviour::{leasing_status, permissions, scope_traverse};
use crate::rules::request_refusal::RequestRefusal;
use crate::rules::type_filters::{CLIENT_TYPE, CONTENT_TYPE, SERVER_TYPE, filters_match_type};
use crate::service::icons;
use crate::service::request_handler::RequestHandler;
use crate::store::store_error::StoreError;
use crate::store::{published_applications, users};

impl RequestHandler<'_> {
    /// Responds to `RequestAppData`: enumerates the published applications of a user.
    pub(crate) async fn app_data(
        &self,
        request: AppDataRequest,
    ) -> Result<AppDataResponse, RequestRefusal> {
        let user = match &request.credentials {
            // No application is published to anonymous users.
            Some(Credentials::Anonymous) => return Ok(self.enumeration(Vec::new())),
            Some(credentials) => Some(self.authenticate(credentials).await?),
            None => None,
        };
        let audience = self.audience(user.as_ref().map(|user| user.id));
        let Some(audience) = audience else {
            return Ok(self.enumeration(Vec::new()));
        };
        let farm = &self.farm.row;
        let names = request
            .app_names
            .iter()
            .map(|name| fold_case(name))
            .collect();
        let applications = self.read(|connection| {
            let mut found = Vec::new();
            for row in published_applications::list(connection, farm, audience)? {
                if is_requested(&request, &names, &row) {
                    let access = self.access_list(connection, &request, user.as_ref(), &row)?;
                    found.push(application(farm, &request, row, access));
                }
            }
            Ok(found)
        })?;
        Ok(self.enumeration(applications))
    }

    fn enumeration(&self, applications: Vec<Application>) -> AppDataResponse {
        let generation = self.farm.row.generation;
        AppDataResponse {
            leasing_status: leasing_status(generation).map(str::to_owned),
            traverse: scope_traverse(generation).map(str::to_owned),
            applications,
        }
    }

    /// Returns the access list of an application if the request asks for it. Unless the options
    /// expose all applications, it contains only the user of the request.
    fn access_list(
        &self,
        connection: &Connection,
        request: &AppDataRequest,
        user: Option<&UserRow>,
        row: &ApplicationRow,
    ) -> Result<Option<Vec<AccessEntry>>, StoreError> {
        if !requests_detail(request, "access-list") {
            return Ok(None);
        }
        let own = |user: &UserRow| AccessEntry::User {
            name: user.name.clone(),
            domain: Domain::nt(&user.domain),
        };
        let entries = if !self.options.expose_catalog {
            user.map(own).into_iter().collect()
        } else if row.restricted {
            let users = published_applications::users_of(connection, row)?.into_iter();
            users
                .map(|(name, domain)| AccessEntry::User {
                    name,
                    domain: Domain::nt(domain),
                })
                .collect()
        } else {
            let domains = users::domains(connection)?.into_iter();
            domains
                .map(|domain| AccessEntry::Group {
                    name: "Domain Users".to_owned(),
                    domain: Domain::nt(domain),
                })
                .collect()
        };
        Ok(Some(entries))
    }
}

/// Whether the request asks for this application, by folder, names and types. The names are case
/// folded and in a set, since a request may contain thousands.
fn is_requested(request: &AppDataRequest, names: &HashSet<String>, row: &ApplicationRow) -> bool {
    let AppDataRequest {
        server_types,
        client_types,
        ..
    } = request;
    let is_named = names.is_empty() || names.contains(&fold_case(&row.name));
    // The top folder is an empty text or a backslash.
    let folder = request.folder.trim_matches('\\');
    let below = row.folder.strip_prefix(folder);
    let is_inside = below.is_some_and(|rest| {
        let subtree = request.traverse.as_deref() != Some("onelevel");
        rest.is_empty() || subtree && (folder.is_empty() || rest.starts_with('\\'))
    });
    is_named && is_inside && filters_match_type(server_types, client_types, client_type(row))
}

/// Returns the client type that opens the application.
fn client_type(row: &ApplicationRow) -> &'static str {
    match row.content {
        Some(_) => CONTENT_TYPE,
        None => CLIENT_TYPE,
    }
}

fn requests_detail(request: &AppDataRequest, detail: &str) -> bool {
    contains_word(&request.desired_details, detail)
        || contains_word(&request.desired_details, "all")
}

fn application(
    farm: &FarmRow,
    request: &AppDataRequest,
    row: ApplicationRow,
    access_list: Option<Vec<AccessEntry>>,
) -> Application {
    let client_type = client_type(&row);
    let file_types = row.file_types.extensions().map(file_type);
    let file_types = file_types.filter(|_| requests_detail(request, "file-type"));
    let file_types = file_types.collect();
    let settings = requests_detail(request, "defaults").then(|| Settings {
        disabled: !row.enabled,
        desktop: row.is_desktop,
        folder: row.folder,
        description: row.description,
        publisher_name: farm.name.clone(),
        content_address: row.content.map(|content| content.to_string()),
        ..Settings::default()
    });
    Application {
        icons: icons::of_application(&row.name, row.is_desktop, &request.desired_icons),
        in_name: row.name,
        friendly_name: row.title,
        settings,
        file_types,
        icon_forms: if requests_detail(request, "icon-info") {
            icons::forms()
        } else {
            Vec::new()
        },
        access_list,
        seq_no: Some(row.seq_no.into()),
        server_type: Some(SERVER_TYPE.to_owned()),
        client_type: Some(client_type.to_owned()),
        permissions: permissions(farm.generation)
            .filter(|_| requests_detail(request, "permissions"))
            .map(str::to_owned),
    }
}

/// Returns the file type with this extension.
fn file_type(extension: &str) -> FileType {
    FileType {
        name: extension.trim_start_matches('.').to_owned(),
        is_default: true,
        overwrite: false,
        extensions: vec![extension.to_owned()],
        mime_types: Vec::new(),
        parameters: Some("\"%1\"".to_owned()),
    }
}

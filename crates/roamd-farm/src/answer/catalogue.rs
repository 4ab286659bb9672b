//! What a farm publishes, and to whom (nfuse.md §6).

use std::collections::HashSet;

use roamd_nfuse_proto::{
    AccessEntry, AppDataRequest, AppDataResponse, Application, Credentials, Domain, FileType,
    Server, ServerDataRequest, ServerDataResponse, Settings,
};
use rusqlite::Connection;

use super::{CLIENT_TYPE, Desk, SERVER_TYPE, has_word};
use crate::db::catalogue::{ApplicationRow, FarmRow};
use crate::db::users::User;
use crate::db::{Failure, catalogue, hosts, users};
use crate::icons;
use crate::name::fold;
use crate::refusal::Refusal;
use crate::rules;
use crate::world::Generation;

/// The client type of documents.
const CONTENT_TYPE: &str = "content";

impl Desk<'_> {
    pub(super) async fn app_data(
        &self,
        request: AppDataRequest,
    ) -> Result<AppDataResponse, Refusal> {
        let user = match &request.credentials {
            // No application is published to everybody without a name.
            Some(Credentials::Anonymous) => return Ok(self.applications(Vec::new())),
            Some(credentials) => Some(self.user(credentials).await?),
            None => None,
        };
        let audience = self.audience(user.as_ref().map(|user| user.id));
        let Some(audience) = audience else {
            return Ok(self.applications(Vec::new()));
        };
        let farm = &self.farm.row;
        let names = request.app_names.iter().map(|name| fold(name)).collect();
        let applications = self.read(|connection| {
            let mut found = Vec::new();
            for row in catalogue::applications(connection, farm, audience)? {
                if is_wanted(&request, &names, &row) {
                    let access = self.access_list(connection, &request, user.as_ref(), &row)?;
                    found.push(application(farm, &request, row, access));
                }
            }
            Ok(found)
        })?;
        Ok(self.applications(applications))
    }

    pub(super) async fn server_data(
        &self,
        request: ServerDataRequest,
    ) -> Result<ServerDataResponse, Refusal> {
        let matches = rules::filters_match(&request.server_types, &request.client_types);
        if !self.options.expose_catalog || !matches {
            return Ok(ServerDataResponse::default());
        }
        let hosts = self.read(|connection| hosts::of_farm(connection, &self.farm.row))?;
        Ok(ServerDataResponse {
            servers: hosts
                .into_iter()
                .map(|host| Server {
                    name: host.name,
                    server_type: SERVER_TYPE.to_owned(),
                    client_type: CLIENT_TYPE.to_owned(),
                })
                .collect(),
        })
    }

    fn applications(&self, applications: Vec<Application>) -> AppDataResponse {
        AppDataResponse {
            leasing_status: match self.farm.row.generation {
                Generation::Cvad7 => Some("working".to_owned()),
                Generation::XenApp6 | Generation::XenDesktop5 => None,
            },
            applications,
        }
    }

    /// Who may see an application, where it was asked for. Unless the catalogue is exposed, a user
    /// learns only that he may.
    fn access_list(
        &self,
        connection: &Connection,
        request: &AppDataRequest,
        user: Option<&User>,
        row: &ApplicationRow,
    ) -> Result<Option<Vec<AccessEntry>>, Failure> {
        if !wants_detail(request, "access-list") {
            return Ok(None);
        }
        let own = |user: &User| AccessEntry::User {
            name: user.name.clone(),
            domain: Domain::nt(&user.domain),
        };
        let entries = if !self.options.expose_catalog {
            user.map(own).into_iter().collect()
        } else if row.restricted {
            let users = catalogue::users_of(connection, row)?.into_iter();
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

/// Whether an application is in the asked folder and among the asked names, which are folded: a request
/// may have thousands.
fn is_wanted(request: &AppDataRequest, names: &HashSet<String>, row: &ApplicationRow) -> bool {
    let AppDataRequest {
        server_types,
        client_types,
        ..
    } = request;
    let is_named = names.is_empty() || names.contains(&fold(&row.name));
    // The top is written as nothing, or as a backslash.
    let folder = request.folder.trim_matches('\\');
    let below = row.folder.strip_prefix(folder);
    let is_inside = below.is_some_and(|rest| {
        let subtree = request.traverse.as_deref() != Some("onelevel");
        rest.is_empty() || subtree && (folder.is_empty() || rest.starts_with('\\'))
    });
    is_named
        && is_inside
        && rules::filters_let_through(server_types, client_types, client_type(row))
}

/// What shows it.
fn client_type(row: &ApplicationRow) -> &'static str {
    match row.content {
        Some(_) => CONTENT_TYPE,
        None => CLIENT_TYPE,
    }
}

fn wants_detail(request: &AppDataRequest, detail: &str) -> bool {
    has_word(&request.desired_details, detail) || has_word(&request.desired_details, "all")
}

fn application(
    farm: &FarmRow,
    request: &AppDataRequest,
    row: ApplicationRow,
    access_list: Option<Vec<AccessEntry>>,
) -> Application {
    let client_type = client_type(&row);
    let file_types = row.file_types.extensions().map(file_type);
    let file_types = file_types.filter(|_| wants_detail(request, "file-type"));
    let file_types = file_types.collect();
    let settings = wants_detail(request, "defaults").then(|| Settings {
        disabled: !row.enabled,
        desktop: row.is_desktop,
        folder: row.folder,
        description: row.description,
        publisher_name: farm.name.clone(),
        content_address: row.content.map(|content| content.to_string()),
        ..Settings::default()
    });
    Application {
        icons: icons::of(&row.name, row.is_desktop, &request.desired_icons),
        in_name: row.name,
        friendly_name: row.title,
        settings,
        file_types,
        icon_forms: if wants_detail(request, "icon-info") {
            icons::forms()
        } else {
            Vec::new()
        },
        access_list,
        seq_no: Some(row.seq_no.into()),
        server_type: Some(SERVER_TYPE.to_owned()),
        client_type: Some(client_type.to_owned()),
    }
}

/// The type of the files with this extension.
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

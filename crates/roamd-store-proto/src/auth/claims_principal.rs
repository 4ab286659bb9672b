//! Claims principal: who the holder of a token is (citrixauth.md §4.3).

use roamd_xml::{Fault, parse};

use crate::DecodeError;
use crate::document::{self, Node, boolean};

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/claimsprincipal";
const ROOT: &str = "claimsPrincipal";

/// Who the holder of a token is, for a service that relies on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimsPrincipal {
    /// `identity/@name`, `LAB\ada`.
    pub name: String,
    /// `identity/@isAuthenticated`.
    pub authenticated: bool,
    /// `identity/@authMethod`, for example `Citrix Common Forms 1.0`.
    pub method: String,
    /// `claims`, in their order. Properties of claims are left out.
    pub claims: Vec<Claim>,
}

/// One thing that is known of the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// `@type`: a URI, see the constants.
    pub claim_type: String,
    /// `@value`.
    pub value: String,
    /// `@valueType`, for example `string`.
    pub value_type: String,
    /// `@issuer`: who says so.
    pub issuer: String,
    /// `@original`: who said so first.
    pub original_issuer: String,
}

impl Claim {
    /// The account, `LAB\ada`.
    pub const NAME: &'static str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
    /// From when on the token is no longer valid.
    pub const EXPIRATION: &'static str =
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/expiration";

    fn from_node(node: &Node<'_>) -> Result<Self, Fault> {
        let attribute = |name| node.attribute(name).map(str::to_owned);
        Ok(Self {
            claim_type: attribute("type")?,
            value: attribute("value")?,
            value_type: attribute("valueType")?,
            issuer: attribute("issuer")?,
            original_issuer: attribute("original")?,
        })
    }
}

impl ClaimsPrincipal {
    /// The method of a sign-in with a form.
    pub const COMMON_FORMS: &'static str = "Citrix Common Forms 1.0";

    /// Reads an answer.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::ANSWER)?;
        let root = Node::root(&document, NAMESPACE, &[ROOT])?;
        let identity = root.required("identity")?;
        let claims = root.required("claims")?;
        let claims = claims.all("claim").map(|claim| Claim::from_node(&claim));
        Ok(Self {
            name: identity.attribute("name")?.to_owned(),
            authenticated: identity.attribute("isAuthenticated")?.trim() == boolean(true),
            method: identity.attribute("authMethod")?.to_owned(),
            claims: claims.collect::<Result<_, _>>()?,
        })
    }

    /// Writes an answer.
    #[must_use]
    pub fn to_xml(&self) -> Vec<u8> {
        let mut writer = document::begin(ROOT, NAMESPACE, &[]);
        let identity = [
            ("name", &*self.name),
            ("isAuthenticated", boolean(self.authenticated)),
            ("authMethod", &*self.method),
        ];
        writer.leaf("identity", &identity, "");
        writer.open("claims", &[]);
        for claim in &self.claims {
            let attributes = [
                ("type", &*claim.claim_type),
                ("value", &*claim.value),
                ("valueType", &*claim.value_type),
                ("issuer", &*claim.issuer),
                ("original", &*claim.original_issuer),
            ];
            writer.leaf("claim", &attributes, "");
        }
        writer.finish()
    }
}

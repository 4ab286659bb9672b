//! Claims principal: the identity of the holder of a token (citrixauth.md §4.3).

use roamd_xml::{Fault, parse};

use crate::decode_error::DecodeError;
use crate::document::{self, boolean};
use crate::store_element::StoreElement;

const NAMESPACE: &str = "http://citrix.com/delivery-services/1-0/auth/claimsprincipal";
const ROOT: &str = "claimsPrincipal";

/// Identity of the holder of a token, for a service that relies on the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimsPrincipal {
    /// `identity/@name`, `LAB\ada`.
    pub name: String,
    /// `identity/@isAuthenticated`.
    pub authenticated: bool,
    /// `identity/@authMethod`, for example `Citrix Common Forms 1.0`.
    pub method: String,
    /// `claims`, in document order, without the properties of claims.
    pub claims: Vec<Claim>,
}

/// A statement about the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// `@type`: a URI, see the constants.
    pub claim_type: String,
    /// `@value`.
    pub value: String,
    /// `@valueType`, for example `string`.
    pub value_type: String,
    /// `@issuer` of the claim.
    pub issuer: String,
    /// `@original`: the first issuer of the claim.
    pub original_issuer: String,
}

impl Claim {
    /// Type of the account name, `LAB\ada`.
    pub const NAME: &'static str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
    /// Type of the expiry of the token.
    pub const EXPIRATION: &'static str =
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/expiration";

    fn from_element(element: &StoreElement<'_>) -> Result<Self, Fault> {
        let attribute = |name| element.attribute(name).map(str::to_owned);
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
    /// `authMethod` of a sign-in with a form.
    pub const COMMON_FORMS: &'static str = "Citrix Common Forms 1.0";

    /// Decodes a response.
    ///
    /// # Errors
    /// If the document is not a valid message.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, DecodeError> {
        let document = parse(bytes, &document::RESPONSE)?;
        let root = StoreElement::root(&document, NAMESPACE, &[ROOT])?;
        let identity = root.required("identity")?;
        let claims = root.required("claims")?;
        let claims = claims
            .children_named("claim")
            .map(|claim| Claim::from_element(&claim));
        Ok(Self {
            name: identity.attribute("name")?.to_owned(),
            authenticated: identity.attribute("isAuthenticated")?.trim() == boolean(true),
            method: identity.attribute("authMethod")?.to_owned(),
            claims: claims.collect::<Result<_, _>>()?,
        })
    }

    /// Encodes a response.
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

//! Messages of CitrixAuth: challenges, tokens, protocol choices and forms (`citrixauth.md`).

mod challenge;
mod claims_principal;
mod destroy_token;
mod form;
mod form_post;
mod refresh_token;
mod request_token;
mod request_token_response;
mod token_choices;

pub use challenge::{Challenge, ChallengeError, Reason};
pub use claims_principal::{Claim, ClaimsPrincipal};
pub use destroy_token::{DestroyToken, DestroyTokenResponse};
pub use form::{Form, FormResult, FormStatus, Requirement, RequirementKind};
pub use form_post::FormPost;
pub use refresh_token::RefreshToken;
pub use request_token::RequestToken;
pub use request_token_response::RequestTokenResponse;
pub use token_choices::{Choice, TokenChoices};

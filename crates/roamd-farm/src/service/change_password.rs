//! `RequestChangePassword`: a user changes the password (nfuse.md §2).

use roamd_nfuse_proto::{ChangePasswordRequest, ChangePasswordResponse, Credentials};
use secrecy::ExposeSecret;

use crate::crypto::password_verifier;
use crate::rules::account_access::check_password_change;
use crate::rules::password_policy::{FORMER_PASSWORDS, check_length};
use crate::rules::request_refusal::{NewPasswordRefusal, RequestRefusal};
use crate::service::authentication::account_name;
use crate::service::request_handler::RequestHandler;
use crate::store::account_policy::{account_policy, password_hashing};
use crate::store::password_history::{former_passwords, replace_password};

impl RequestHandler<'_> {
    /// Responds to `RequestChangePassword`: changes the password if the old one is still current.
    /// Of two concurrent changes one is refused.
    pub(crate) async fn change_password(
        &self,
        request: ChangePasswordRequest,
    ) -> Result<ChangePasswordResponse, RequestRefusal> {
        let Credentials::Explicit {
            user_name,
            password: Some(old),
            domain,
        } = &request.credentials
        else {
            return Err(RequestRefusal::Credentials);
        };
        let new = &request.new_password.value;
        let name = account_name(user_name, domain.as_ref());
        let user = self.check_password(&name, &old.value).await?;
        check_password_change(user.account)?;
        let (length, cost, mut former) = self.read(|connection| {
            Ok((
                account_policy(connection)?.password_length,
                password_hashing(connection)?,
                former_passwords(connection, user.id)?,
            ))
        })?;
        check_length(new.expose_secret(), length).map_err(RequestRefusal::NewPassword)?;
        former.push(user.password_hash.clone());
        let turn = self.turn_to_hash().await?;
        if self.hide_internal_error(password_verifier::matches_any(turn, former, new).await)? {
            return Err(RequestRefusal::NewPassword(NewPasswordRefusal::UsedBefore));
        }
        let turn = self.turn_to_hash().await?;
        let hash = self.hide_internal_error(password_verifier::hash(turn, cost, new).await)?;
        let replaced = self.write(move |transaction| {
            let kept = FORMER_PASSWORDS;
            replace_password(transaction, user.id, &user.password_hash, &hash, kept)
        });
        if replaced.await? {
            Ok(ChangePasswordResponse)
        } else {
            Err(RequestRefusal::Credentials)
        }
    }
}

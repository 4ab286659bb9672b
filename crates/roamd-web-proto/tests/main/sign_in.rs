//! Messages of the sign-in, web-api.md §5, §7 and §8.

use roamd_store_proto::auth::{Form, FormResult, FormStatus};
use roamd_web_proto::{
    AuthMethods, AuthStatus, AuthType, Challenge, LogMessage, SelfService, web_form,
};

use crate::text;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

#[test]
fn sign_in_messages_are_written_as_clients_search_them() {
    let status = "http://citrix.com/delivery-services/webAPI/2-6/authStatus";
    for (document, expected) in [
        // WA-54
        (
            AuthMethods.to_xml(),
            "<authMethods xmlns=\"http://citrix.com/delivery-services/webAPI/2-6/authMethods\">\
             <method name=\"ExplicitForms\" url=\"ExplicitAuth/Login\"/></authMethods>"
                .to_owned(),
        ),
        // WA-60
        (
            AuthStatus::Success(AuthType::ExplicitForms).to_xml(),
            format!(
                "<AuthenticationStatus xmlns=\"{status}\"><Result>success</Result>\
                 <AuthType>ExplicitForms</AuthType></AuthenticationStatus>"
            ),
        ),
        // WA-63
        (
            AuthStatus::Fail(LogMessage::FatalError).to_xml(),
            format!(
                "<AuthenticationStatus xmlns=\"{status}\"><Result>fail</Result>\
                 <LogMessage>fatalerror</LogMessage></AuthenticationStatus>"
            ),
        ),
        (
            AuthStatus::Fail(LogMessage::SessionTimeout).to_xml(),
            format!(
                "<AuthenticationStatus xmlns=\"{status}\"><Result>fail</Result>\
                 <LogMessage>sessiontimeout</LogMessage></AuthenticationStatus>"
            ),
        ),
        // WA-69
        (
            SelfService.to_xml(),
            "<SelfServiceAccountManagementStatus xmlns=\"http://citrix.com/delivery-services/\
             webAPI/3-7/selfServiceAccountManagementStatus\">\
             <AllowSelfServiceAccountManagement>False</AllowSelfServiceAccountManagement>\
             </SelfServiceAccountManagementStatus>"
                .to_owned(),
        ),
    ] {
        assert_eq!(text(document), format!("{DECLARATION}{expected}"));
    }
}

#[test]
fn challenge_has_the_text_that_clients_compare() {
    // WA-40
    assert_eq!(Challenge::BODY, "{\"unauthorized\": true}");
    let parts: Vec<_> = Challenge::VALUE.split(',').map(str::trim).collect();
    assert_eq!(
        parts,
        [
            "reason=\"notoken\"",
            "location=\"Authentication/GetAuthMethods\""
        ]
    );
}

#[test]
fn only_urls_and_state_context_of_a_form_change() {
    // WA-57, WA-58
    let form = Form {
        status: FormStatus::SUCCESS,
        result: FormResult::MORE_INFO,
        state_context: "q7Zk2mN4".to_owned(),
        log_message: None,
        post_back: Some("/Citrix/StoreAuth/ExplicitForms/AuthenticateAttempt".to_owned()),
        cancel_post_back: Some("/Citrix/StoreAuth/ExplicitForms/CancelAuthenticate".to_owned()),
        cancel_button_text: Some("Cancel".to_owned()),
        requirements: Vec::new(),
    };
    let expected = Form {
        state_context: String::new(),
        post_back: Some("ExplicitAuth/LoginAttempt".to_owned()),
        cancel_post_back: Some("ExplicitAuth/CancelForm".to_owned()),
        ..form.clone()
    };
    assert_eq!(web_form(form.clone()), expected);
    // A form without input has no URL.
    let cancelled = Form {
        post_back: None,
        cancel_post_back: None,
        ..form
    };
    let sent = web_form(cancelled);
    assert_eq!((sent.post_back, sent.cancel_post_back), (None, None));
}

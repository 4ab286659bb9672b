//! Messages of the sign-in, web-api.md §5, §7 and §8.

use roamd_store_proto::auth::{Form, FormResult, FormStatus};
use roamd_web_proto::{
    AuthMethods, AuthStatus, AuthType, Branding, Challenge, LogMessage, SelfService,
    has_credentials_in_query, web_form,
};

use crate::text;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";

#[test]
fn sign_in_messages_are_written_as_clients_search_them() {
    let status = "http://citrix.com/delivery-services/webAPI/2-6/authStatus";
    let methods = |post_credentials| AuthMethods { post_credentials }.to_xml();
    let success = |auth_type, can_change_password| {
        let status = AuthStatus::Success {
            auth_type,
            can_change_password,
        };
        status.to_xml()
    };
    for (document, expected) in [
        // WA-54
        (
            methods(false),
            "<authMethods xmlns=\"http://citrix.com/delivery-services/webAPI/2-6/authMethods\">\
             <method name=\"ExplicitForms\" url=\"ExplicitAuth/Login\"/></authMethods>"
                .to_owned(),
        ),
        // WA-55
        (
            methods(true),
            "<authMethods xmlns=\"http://citrix.com/delivery-services/webAPI/2-6/authMethods\">\
             <method name=\"ExplicitForms\" url=\"ExplicitAuth/Login\"/>\
             <method name=\"PostCredentials\" url=\"PostCredentialsAuth/Login\"/></authMethods>"
                .to_owned(),
        ),
        // WA-60
        (
            success(AuthType::ExplicitForms, false),
            format!(
                "<AuthenticationStatus xmlns=\"{status}\"><Result>success</Result>\
                 <AuthType>ExplicitForms</AuthType></AuthenticationStatus>"
            ),
        ),
        (
            success(AuthType::PostCredentials, true),
            format!(
                "<AuthenticationStatus xmlns=\"{status}\"><Result>success</Result>\
                 <AuthType>PostCredentials</AuthType>\
                 <IsChangePasswordEnabled>true</IsChangePasswordEnabled></AuthenticationStatus>"
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
            AuthStatus::Fail(LogMessage::LoginFailed).to_xml(),
            format!(
                "<AuthenticationStatus xmlns=\"{status}\"><Result>fail</Result>\
                 <LogMessage>loginfailed</LogMessage></AuthenticationStatus>"
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
        ..form.clone()
    };
    let sent = web_form(cancelled);
    assert_eq!((sent.post_back, sent.cancel_post_back), (None, None));
    // WA-65: the state of a form that changes a password is in its URL.
    let change = Form {
        result: FormResult::UPDATE_CREDENTIALS,
        ..form
    };
    let expected = Form {
        state_context: String::new(),
        post_back: Some("ExplicitAuth/SendForm/q7Zk2mN4".to_owned()),
        cancel_post_back: Some("ExplicitAuth/CancelForm".to_owned()),
        ..change.clone()
    };
    assert_eq!(web_form(change), expected);
}

#[test]
fn credentials_in_a_query_are_found() {
    // WA-66
    for (query, found) in [
        ("", false),
        ("CsrfToken=5D0C&launchId=1", false),
        ("username=LAB%5Cada", true),
        ("a=b&password=", true),
        ("PassWord=x", true),
        ("pass%77ord=x", true),
    ] {
        assert_eq!(has_credentials_in_query(query), found, "{query}");
    }
}

#[test]
fn branding_has_every_key() {
    // WA-18, WA-120
    assert_eq!(
        text(Branding::default().to_json()),
        "{\"accent\":null,\"helpLink\":null,\"helpText\":null,\"logo\":null,\"name\":null}"
    );
    let logo = Branding::logo_url("00ff");
    let branding = Branding {
        accent: Some("#0b5cad"),
        help_link: Some("https://help.example.net/"),
        help_text: Some("\"</script>\""),
        logo: Some(&logo),
        name: Some("Clinic"),
    };
    assert_eq!(
        text(branding.to_json()),
        "{\"accent\":\"#0b5cad\",\"helpLink\":\"https://help.example.net/\",\
         \"helpText\":\"\\\"</script>\\\"\",\"logo\":\"branding/00ff\",\"name\":\"Clinic\"}"
    );
}

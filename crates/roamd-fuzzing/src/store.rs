//! Oracles of the messages of a store.

use roamd_store_proto::auth::{
    ClaimsPrincipal, DestroyToken, DestroyTokenResponse, Form, RefreshToken, RequestToken,
    RequestTokenResponse, TokenChoices,
};
use roamd_store_proto::{
    Endpoints, Groups, LaunchData, LaunchParams, Resource, Resources, SessionOperation,
    SessionParams, SessionResult, SessionState, Spelling,
};

use crate::stability::assert_stable;

/// Decodes requests to a store.
pub fn store_request(bytes: &[u8]) {
    for operation in [SessionOperation::List, SessionOperation::End] {
        let decode = |bytes: &[u8]| SessionParams::from_xml(bytes, operation);
        assert_stable("sessionParams", bytes, decode, SessionParams::to_xml);
    }
    assert_stable(
        "launchparams",
        bytes,
        LaunchParams::from_xml,
        LaunchParams::to_xml,
    );
    assert_stable(
        "requesttoken",
        bytes,
        RequestToken::from_xml,
        RequestToken::to_xml,
    );
    assert_stable(
        "refreshtoken",
        bytes,
        RefreshToken::from_xml,
        RefreshToken::to_xml,
    );
    assert_stable(
        "destroytoken",
        bytes,
        DestroyToken::from_xml,
        DestroyToken::to_xml,
    );
}

/// Decodes responses of a store to `roamd sessions` and `roamd apps`.
pub fn store_response(bytes: &[u8]) {
    for spelling in [Spelling::Document, Spelling::Native] {
        assert_stable("session state", bytes, SessionState::from_xml, |state| {
            state.to_xml(spelling)
        });
        assert_stable("session result", bytes, SessionResult::from_xml, |result| {
            result.to_xml(spelling)
        });
    }
    assert_stable(
        "launch data",
        bytes,
        LaunchData::from_xml,
        LaunchData::to_xml,
    );
    let groups = Groups::all();
    assert_stable("resources", bytes, Resources::from_xml, |resources| {
        resources.to_xml(&groups)
    });
    assert_stable("resource", bytes, Resource::from_xml, |resource| {
        resource.to_xml(&groups)
    });
    assert_stable("endpoints", bytes, Endpoints::from_xml, Endpoints::to_xml);
    assert_stable(
        "token choices",
        bytes,
        TokenChoices::from_xml,
        TokenChoices::to_xml,
    );
    assert_stable(
        "token response",
        bytes,
        RequestTokenResponse::from_xml,
        RequestTokenResponse::to_xml,
    );
    assert_stable(
        "destroy response",
        bytes,
        DestroyTokenResponse::from_xml,
        |response| response.to_xml(),
    );
    assert_stable(
        "claims",
        bytes,
        ClaimsPrincipal::from_xml,
        ClaimsPrincipal::to_xml,
    );
    assert_stable("form", bytes, Form::from_xml, Form::to_xml);
}

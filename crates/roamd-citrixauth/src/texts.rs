//! Texts of the sign-in forms, in all languages.

use roamd_store_proto::{Language, Text};

use crate::StatedWait;

pub(crate) const SIGN_IN: Text = Text {
    english: "Sign in",
    german: "Anmelden",
    french: "Se connecter",
    spanish: "Iniciar sesión",
    japanese: "サインイン",
};
pub(crate) const USER_NAME: Text = Text {
    english: "User name",
    german: "Benutzername",
    french: "Nom d'utilisateur",
    spanish: "Nombre de usuario",
    japanese: "ユーザー名",
};
pub(crate) const PASSWORD: Text = Text {
    english: "Password",
    german: "Kennwort",
    french: "Mot de passe",
    spanish: "Contraseña",
    japanese: "パスワード",
};
pub(crate) const DOMAIN: Text = Text {
    english: "Domain",
    german: "Domäne",
    french: "Domaine",
    spanish: "Dominio",
    japanese: "ドメイン",
};
pub(crate) const KEEP_SIGNED_IN: Text = Text {
    english: "Keep me signed in",
    german: "Angemeldet bleiben",
    french: "Rester connecté",
    spanish: "Mantener la sesión iniciada",
    japanese: "サインインしたままにする",
};
pub(crate) const LOG_ON: Text = Text {
    english: "Log On",
    german: "Anmelden",
    french: "Ouvrir une session",
    spanish: "Iniciar sesión",
    japanese: "ログオン",
};
pub(crate) const CANCEL: Text = Text {
    english: "Cancel",
    german: "Abbrechen",
    french: "Annuler",
    spanish: "Cancelar",
    japanese: "キャンセル",
};

/// Text for an unknown user, a wrong password, and a disabled or locked account. One text for all,
/// so that it reveals nothing about the account. A client of the Web API compares the English text
/// (WA-62).
pub(crate) const NOT_CORRECT: Text = Text {
    english: "Incorrect user name or password",
    german: "Benutzername oder Kennwort ist nicht richtig.",
    french: "Le nom d'utilisateur ou le mot de passe est incorrect.",
    spanish: "El nombre de usuario o la contraseña no son correctos.",
    japanese: "ユーザー名またはパスワードが正しくありません。",
};
pub(crate) const TOO_MANY_ATTEMPTS: Text = Text {
    english: "Too many attempts. Try again later.",
    german: "Zu viele Versuche. Versuchen Sie es später noch einmal.",
    french: "Trop de tentatives. Réessayez plus tard.",
    spanish: "Demasiados intentos. Inténtelo de nuevo más tarde.",
    japanese: "試行回数が多すぎます。後でもう一度お試しください。",
};
const WAIT_ONE_MINUTE: Text = Text {
    english: "Too many attempts. Wait one minute, then try again. Until then, no password is checked.",
    german: "Zu viele Versuche. Warten Sie eine Minute und versuchen Sie es dann noch einmal. Bis \
             dahin wird kein Kennwort geprüft.",
    french: "Trop de tentatives. Attendez une minute, puis réessayez. D'ici là, aucun mot de passe \
             n'est vérifié.",
    spanish: "Demasiados intentos. Espere un minuto e inténtelo de nuevo. Hasta entonces no se \
              comprueba ninguna contraseña.",
    japanese: "試行回数が多すぎます。1 分待ってから、もう一度お試しください。それまでパスワードは確認されません。",
};
/// `{}` is the number of minutes.
const WAIT_MINUTES: Text = Text {
    english: "Too many attempts. Wait {} minutes, then try again. Until then, no password is checked.",
    german: "Zu viele Versuche. Warten Sie {} Minuten und versuchen Sie es dann noch einmal. Bis \
             dahin wird kein Kennwort geprüft.",
    french: "Trop de tentatives. Attendez {} minutes, puis réessayez. D'ici là, aucun mot de passe \
             n'est vérifié.",
    spanish: "Demasiados intentos. Espere {} minutos e inténtelo de nuevo. Hasta entonces no se \
              comprueba ninguna contraseña.",
    japanese: "試行回数が多すぎます。{} 分待ってから、もう一度お試しください。それまでパスワードは確認されません。",
};
pub(crate) const PASSWORD_EXPIRED: Text = Text {
    english: "Your password has expired. Change it on another computer, then sign in again.",
    german: "Ihr Kennwort ist abgelaufen. Ändern Sie es an einem anderen Computer und melden Sie \
             sich dann neu an.",
    french: "Votre mot de passe a expiré. Modifiez-le sur un autre ordinateur, puis \
             reconnectez-vous.",
    spanish: "Su contraseña ha caducado. Cámbiela en otro equipo y vuelva a iniciar sesión.",
    japanese: "パスワードの有効期限が切れています。別のコンピューターで変更してから、もう一度サインインしてください。",
};
pub(crate) const MUST_CHANGE_PASSWORD: Text = Text {
    english: "You must change your password. Change it on another computer, then sign in again.",
    german: "Sie müssen Ihr Kennwort ändern. Ändern Sie es an einem anderen Computer und melden \
             Sie sich dann neu an.",
    french: "Vous devez changer de mot de passe. Modifiez-le sur un autre ordinateur, puis \
             reconnectez-vous.",
    spanish: "Debe cambiar su contraseña. Cámbiela en otro equipo y vuelva a iniciar sesión.",
    japanese: "パスワードを変更する必要があります。別のコンピューターで変更してから、もう一度サインインしてください。",
};
pub(crate) const PASSWORD_CHANGE: Text = Text {
    english: "Change your password",
    german: "Kennwort ändern",
    french: "Modifier votre mot de passe",
    spanish: "Cambiar su contraseña",
    japanese: "パスワードの変更",
};
pub(crate) const PASSWORD_CHANGE_REQUIRED: Text = Text {
    english: "Your password has expired or must be changed. Choose a new one.",
    german: "Ihr Kennwort ist abgelaufen oder muss geändert werden. Wählen Sie ein neues.",
    french: "Votre mot de passe a expiré ou doit être modifié. Choisissez-en un nouveau.",
    spanish: "Su contraseña ha caducado o debe cambiarse. Elija una nueva.",
    japanese: "パスワードの有効期限が切れているか、変更が必要です。新しいパスワードを設定してください。",
};
pub(crate) const OLD_PASSWORD: Text = Text {
    english: "Old password",
    german: "Altes Kennwort",
    french: "Ancien mot de passe",
    spanish: "Contraseña anterior",
    japanese: "古いパスワード",
};
pub(crate) const NEW_PASSWORD: Text = Text {
    english: "New password",
    german: "Neues Kennwort",
    french: "Nouveau mot de passe",
    spanish: "Contraseña nueva",
    japanese: "新しいパスワード",
};
pub(crate) const CONFIRM_PASSWORD: Text = Text {
    english: "New password again",
    german: "Neues Kennwort noch einmal",
    french: "Confirmer le nouveau mot de passe",
    spanish: "Repetir la contraseña nueva",
    japanese: "新しいパスワード(確認)",
};
pub(crate) const CHANGE: Text = Text {
    english: "Change",
    german: "Ändern",
    french: "Modifier",
    spanish: "Cambiar",
    japanese: "変更",
};
pub(crate) const OLD_NOT_CORRECT: Text = Text {
    english: "The old password is not correct.",
    german: "Das alte Kennwort ist nicht richtig.",
    french: "L'ancien mot de passe est incorrect.",
    spanish: "La contraseña anterior no es correcta.",
    japanese: "古いパスワードが正しくありません。",
};
pub(crate) const NO_NEW_PASSWORD: Text = Text {
    english: "Type a new password.",
    german: "Geben Sie ein neues Kennwort ein.",
    french: "Saisissez un nouveau mot de passe.",
    spanish: "Escriba una contraseña nueva.",
    japanese: "新しいパスワードを入力してください。",
};
pub(crate) const NOT_CONFIRMED: Text = Text {
    english: "The new passwords are not the same.",
    german: "Die neuen Kennwörter sind nicht gleich.",
    french: "Les nouveaux mots de passe ne sont pas identiques.",
    spanish: "Las contraseñas nuevas no coinciden.",
    japanese: "新しいパスワードが一致しません。",
};
pub(crate) const TOO_SHORT: Text = Text {
    english: "The new password is too short.",
    german: "Das neue Kennwort ist zu kurz.",
    french: "Le nouveau mot de passe est trop court.",
    spanish: "La contraseña nueva es demasiado corta.",
    japanese: "新しいパスワードが短すぎます。",
};
pub(crate) const USED_BEFORE: Text = Text {
    english: "Choose a password that you have not used before.",
    german: "Wählen Sie ein Kennwort, das Sie noch nicht verwendet haben.",
    french: "Choisissez un mot de passe que vous n'avez pas encore utilisé.",
    spanish: "Elija una contraseña que no haya usado antes.",
    japanese: "以前に使用したことのないパスワードを選んでください。",
};
pub(crate) const CHANGED: Text = Text {
    english: "Your password was changed. Sign in with the new one.",
    german: "Ihr Kennwort wurde geändert. Melden Sie sich mit dem neuen an.",
    french: "Votre mot de passe a été modifié. Connectez-vous avec le nouveau.",
    spanish: "Su contraseña se ha cambiado. Inicie sesión con la nueva.",
    japanese: "パスワードを変更しました。新しいパスワードでサインインしてください。",
};
pub(crate) const CHANGE_UNSURE: Text = Text {
    english: "Your password may have been changed. Sign in with the new one, or else with the old one.",
    german: "Ihr Kennwort wurde möglicherweise geändert. Melden Sie sich mit dem neuen an, oder \
             sonst mit dem alten.",
    french: "Votre mot de passe a peut-être été modifié. Connectez-vous avec le nouveau, ou sinon \
             avec l'ancien.",
    spanish: "Es posible que su contraseña haya cambiado. Inicie sesión con la nueva o, si no, con \
              la anterior.",
    japanese: "パスワードが変更された可能性があります。新しいパスワードで、できない場合は古いパスワードでサインインしてください。",
};
pub(crate) const SIGN_IN_AGAIN: Text = Text {
    english: "This sign-in is over. Sign in again.",
    german: "Diese Anmeldung ist beendet. Melden Sie sich neu an.",
    french: "Cette connexion est terminée. Reconnectez-vous.",
    spanish: "Este inicio de sesión ha terminado. Inicie sesión de nuevo.",
    japanese: "このサインインは終了しました。もう一度サインインしてください。",
};
pub(crate) const UNAVAILABLE: Text = Text {
    english: "You cannot be signed in now. Try again later.",
    german: "Sie können zurzeit nicht angemeldet werden. Versuchen Sie es später noch einmal.",
    french: "Connexion impossible pour le moment. Réessayez plus tard.",
    spanish: "No puede iniciar sesión en este momento. Inténtelo de nuevo más tarde.",
    japanese: "現在、サインインできません。後でもう一度お試しください。",
};
pub(crate) const CLIENT_LACKS_FIELDS: Text = Text {
    english: "This client cannot show a user name and a password.",
    german: "Dieser Client kann Benutzername und Kennwort nicht abfragen.",
    french: "Ce client ne peut pas demander de nom d'utilisateur ni de mot de passe.",
    spanish: "Este cliente no puede pedir un nombre de usuario y una contraseña.",
    japanese: "このクライアントではユーザー名とパスワードを入力できません。",
};

/// Returns the text for an attempt that has to wait. It is the same for every user name.
pub(crate) fn wait(StatedWait { minutes }: StatedWait, language: Language) -> String {
    match minutes {
        1 => WAIT_ONE_MINUTE.in_language(language).to_owned(),
        _ => WAIT_MINUTES
            .in_language(language)
            .replace("{}", &minutes.to_string()),
    }
}

const USER: Text = Text {
    english: "user",
    german: "benutzer",
    french: "utilisateur",
    spanish: "usuario",
    japanese: "user",
};
const OR: Text = Text {
    english: " or ",
    german: " oder ",
    french: " ou ",
    spanish: " o ",
    japanese: " または ",
};

/// Returns a hint at the accepted forms of user names.
pub(crate) fn user_name_hint(domain: Option<&str>, language: Language) -> String {
    let (user, or) = (USER.in_language(language), OR.in_language(language));
    match domain {
        Some(domain) => {
            let suffix = domain.to_lowercase();
            format!("{user}, {domain}\\{user}{or}{user}@{suffix}")
        }
        None => format!("DOMAIN\\{user}{or}{user}@domain"),
    }
}

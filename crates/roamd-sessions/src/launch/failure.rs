//! Failures of launches: identifier, message and remedy of each cause, in one table (ST-48 to
//! ST-51).

use roamd_store_proto::{Language, LaunchErrorId, RemedyHint, Text};

use crate::{ErrorCodes, FarmError, IcaError, NoTicket, Refusal};

/// A failed launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchFailure {
    /// Cause.
    pub cause: FailureCause,
    /// The target was a desktop.
    pub desktop: bool,
}

/// Cause of a failed launch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FailureCause {
    /// The farm did not make a connection.
    #[error(transparent)]
    Farm(#[from] FarmError),
    /// The client is outside, and there is no ticket to replace the address of the host.
    #[error(transparent)]
    NoTicket(#[from] NoTicket),
    /// A value of the connection cannot be written to an ICA file.
    #[error("the connection does not fit an ICA file: {0}")]
    IcaFile(#[from] IcaError),
    /// The client invalidated the logon ticket before it got it.
    #[error("the client cancelled the launch")]
    Cancelled,
}

impl LaunchFailure {
    /// A failed launch of a desktop, or of an application.
    #[must_use]
    pub fn new(cause: impl Into<FailureCause>, desktop: bool) -> Self {
        Self {
            cause: cause.into(),
            desktop,
        }
    }

    /// The identifier for programs (ST-48).
    #[must_use]
    pub fn id(&self) -> LaunchErrorId {
        self.cause.row().0
    }

    /// The message for the user (ST-50).
    #[must_use]
    pub fn text(&self, language: Language) -> &'static str {
        self.cause.row().1.in_language(language)
    }

    /// Whether the farm refused the account (CA-12).
    #[must_use]
    pub fn is_account_refused(&self) -> bool {
        let refusal = self.cause.refusal();
        refusal.is_some_and(Refusal::concerns_account)
    }

    /// Returns what the user can do, or `None` if nothing is known to help (ST-51): the user may
    /// restart a desktop that refuses connections.
    #[must_use]
    pub fn remedy(&self) -> Option<RemedyHint> {
        let refused = self.cause.refusal() == Some(Refusal::HostRefused);
        (self.desktop && refused).then_some(RemedyHint::RESTART_DESKTOP)
    }
}

impl FailureCause {
    /// Returns why the farm refused, or `None` if it did not refuse.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Farm(error) => error.refusal(),
            Self::NoTicket(_) | Self::IcaFile(_) | Self::Cancelled => None,
        }
    }

    /// Returns the error codes of the farm, if it refused with any.
    #[must_use]
    pub fn codes(&self) -> Option<&ErrorCodes> {
        match self {
            Self::Farm(error) => error.codes(),
            Self::NoTicket(_) | Self::IcaFile(_) | Self::Cancelled => None,
        }
    }

    fn row(&self) -> (LaunchErrorId, Text) {
        use LaunchErrorId as Id;
        let refusal = match self {
            Self::Farm(FarmError::Refused(refused) | FarmError::RefusedHalfway(refused)) => {
                refused.reason
            }
            Self::Farm(FarmError::Unavailable(_) | FarmError::NotDone(_) | FarmError::Busy) => {
                return (Id::GENERAL_APP_LAUNCH_ERROR, FARM_UNAVAILABLE);
            }
            Self::NoTicket(_) | Self::IcaFile(IcaError::StaTicket) => {
                return (Id::GENERAL_APP_LAUNCH_ERROR, GATEWAY_UNAVAILABLE);
            }
            Self::IcaFile(_) => return (Id::RESOURCE_ERROR, UNUSABLE),
            Self::Cancelled => return (Id::GENERAL_APP_LAUNCH_ERROR, CANCELLED),
        };
        match refusal {
            Refusal::Credentials => (Id::GENERAL_APP_LAUNCH_ERROR, PASSWORD),
            Refusal::Account => (Id::GENERAL_APP_LAUNCH_ERROR, ACCOUNT),
            Refusal::PasswordExpired => (Id::GENERAL_APP_LAUNCH_ERROR, PASSWORD_EXPIRED),
            Refusal::NotTrusted | Refusal::Unsupported | Refusal::Other => {
                (Id::GENERAL_APP_LAUNCH_ERROR, OTHER)
            }
            Refusal::NotLicensed => (Id::NOT_LICENSED, NO_LICENCE),
            // An unknown session and a host that is not ready yet are not reported as failures, so
            // they have no message of their own.
            Refusal::NoHost | Refusal::NotReady(_) => (Id::UNAVAILABLE_DESKTOP, NO_HOST),
            Refusal::Overloaded => (Id::UNAVAILABLE_DESKTOP, OVERLOADED),
            Refusal::UnknownApplication | Refusal::UnknownSession => (Id::APP_REMOVED, REMOVED),
            Refusal::SessionLimit => (Id::NO_MORE_ACTIVE_SESSIONS, SESSION_LIMIT),
            Refusal::HostRefused => (Id::COULD_NOT_CONNECT_TO_WORKSTATION, HOST_REFUSED),
            Refusal::Maintenance => (Id::WORKSTATION_IN_MAINTENANCE, MAINTENANCE),
            Refusal::Resource => (Id::RESOURCE_ERROR, UNUSABLE),
        }
    }
}

const FARM_UNAVAILABLE: Text = Text {
    english: "The session's farm does not respond. Try again later.",
    german: "Die Farm der Sitzung antwortet nicht. Versuchen Sie es später noch einmal.",
    french: "La batterie de la session ne répond pas. Réessayez plus tard.",
    spanish: "La comunidad de la sesión no responde. Inténtelo de nuevo más tarde.",
    japanese: "セッションのファームが応答しません。後でもう一度お試しください。",
};

const GATEWAY_UNAVAILABLE: Text = Text {
    english: "Citrix Gateway is not available now. Try again later.",
    german: "Zurzeit führt kein Weg durch das Gateway. Versuchen Sie es später noch einmal.",
    french: "La passerelle ne laisse pas passer pour le moment. Réessayez plus tard.",
    spanish: "La puerta de enlace no está disponible ahora. Inténtelo de nuevo más tarde.",
    japanese: "現在、ゲートウェイを経由して接続できません。後でもう一度お試しください。",
};

const UNUSABLE: Text = Text {
    english: "This cannot be opened now. Contact your help desk.",
    german: "Das lässt sich zurzeit nicht öffnen. Wenden Sie sich an Ihren Helpdesk.",
    french: "Ouverture impossible pour le moment. Contactez votre support technique.",
    spanish: "No se puede abrir en este momento. Avise a su servicio de asistencia.",
    japanese: "現在、開くことができません。ヘルプデスクにお問い合わせください。",
};

const CANCELLED: Text = Text {
    english: "The launch was cancelled. Start it again.",
    german: "Der Start wurde abgebrochen. Starten Sie noch einmal.",
    french: "Le lancement a été annulé. Recommencez.",
    spanish: "El inicio se canceló. Vuelva a iniciarlo.",
    japanese: "起動は取り消されました。もう一度起動してください。",
};

const PASSWORD: Text = Text {
    english: "The farm does not accept your password. Sign in again.",
    german: "Die Farm nimmt Ihr Kennwort nicht an. Melden Sie sich neu an.",
    french: "La batterie n'accepte pas votre mot de passe. Reconnectez-vous.",
    spanish: "La comunidad no acepta su contraseña. Inicie sesión de nuevo.",
    japanese: "ファームがパスワードを受け付けません。もう一度サインインしてください。",
};

const ACCOUNT: Text = Text {
    english: "Your account may not log on to this farm now.",
    german: "Ihr Konto darf sich an dieser Farm zurzeit nicht anmelden.",
    french: "Votre compte ne peut pas ouvrir de session sur cette batterie pour le moment.",
    spanish: "Su cuenta no puede iniciar sesión en esta comunidad en este momento.",
    japanese: "現在、このアカウントではこのファームにログオンできません。",
};

const PASSWORD_EXPIRED: Text = Text {
    english: "Your password has to be changed first.",
    german: "Ihr Kennwort muss zuerst geändert werden.",
    french: "Votre mot de passe doit d'abord être modifié.",
    spanish: "Primero tiene que cambiar su contraseña.",
    japanese: "先にパスワードを変更する必要があります。",
};

const OTHER: Text = Text {
    english: "The farm could not make the connection ready. Contact your help desk.",
    german: "Die Farm konnte die Verbindung nicht vorbereiten. Wenden Sie sich an Ihren Helpdesk.",
    french: "La batterie n'a pas pu préparer la connexion. Contactez votre support technique.",
    spanish: "La comunidad no pudo preparar la conexión. Avise a su servicio de asistencia.",
    japanese: "ファームが接続を準備できませんでした。ヘルプデスクにお問い合わせください。",
};

const NO_LICENCE: Text = Text {
    english: "The farm has no free licence. Try again later.",
    german: "Die Farm hat keine freie Lizenz. Versuchen Sie es später noch einmal.",
    french: "La batterie n'a plus de licence disponible. Réessayez plus tard.",
    spanish: "La comunidad no tiene licencias libres. Inténtelo de nuevo más tarde.",
    japanese: "ファームに空きライセンスがありません。後でもう一度お試しください。",
};

const NO_HOST: Text = Text {
    english: "No machine is free. Try again later.",
    german: "Es ist kein Rechner frei. Versuchen Sie es später noch einmal.",
    french: "Aucune machine n'est disponible. Réessayez plus tard.",
    spanish: "No hay ningún equipo libre. Inténtelo de nuevo más tarde.",
    japanese: "空いているマシンがありません。後でもう一度お試しください。",
};

const OVERLOADED: Text = Text {
    english: "All machines are at full load. Try again later.",
    german: "Alle Rechner sind ausgelastet. Versuchen Sie es später noch einmal.",
    french: "Toutes les machines sont surchargées. Réessayez plus tard.",
    spanish: "Todos los equipos están a plena carga. Inténtelo de nuevo más tarde.",
    japanese: "すべてのマシンの負荷が上限に達しています。後でもう一度お試しください。",
};

const REMOVED: Text = Text {
    english: "This is no longer available to you.",
    german: "Das steht Ihnen nicht mehr zur Verfügung.",
    french: "Cet élément n'est plus à votre disposition.",
    spanish: "Esto ya no está a su disposición.",
    japanese: "この項目は利用できなくなりました。",
};

const SESSION_LIMIT: Text = Text {
    english: "You have reached the session limit. Log off from a session first.",
    german: "Sie haben so viele Sitzungen wie erlaubt. Melden Sie sich zuerst von einer ab.",
    french: "Vous avez atteint le nombre maximal de sessions. Fermez-en d'abord une.",
    spanish: "Ha alcanzado el número máximo de sesiones. Cierre antes una de ellas.",
    japanese: "セッション数が上限に達しています。先にいずれかのセッションからログオフしてください。",
};

const HOST_REFUSED: Text = Text {
    english: "The machine refused the connection. Try again later.",
    german: "Der Rechner hat die Verbindung abgelehnt. Versuchen Sie es später noch einmal.",
    french: "La machine a refusé la connexion. Réessayez plus tard.",
    spanish: "El equipo rechazó la conexión. Inténtelo de nuevo más tarde.",
    japanese: "マシンが接続を拒否しました。後でもう一度お試しください。",
};

const MAINTENANCE: Text = Text {
    english: "This machine is in maintenance. Try again later.",
    german: "Dieser Rechner wird gewartet. Versuchen Sie es später noch einmal.",
    french: "Cette machine est en maintenance. Réessayez plus tard.",
    spanish: "Este equipo está en mantenimiento. Inténtelo de nuevo más tarde.",
    japanese: "このマシンはメンテナンス中です。後でもう一度お試しください。",
};

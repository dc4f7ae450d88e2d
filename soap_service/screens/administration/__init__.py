"""The screens of Administration, one module a subject. Only administrators come here: their routes say so."""

from soap_service.screens.administration import (
    audit,
    calendar,
    extensions,
    history,
    imports,
    integrations,
    parameters,
    roles,
    services,
    sessions,
    staff,
)

#: The path under which everything is for administrators alone.
ROOT = "/administracao"
#: Where files are uploaded.
IMPORTING = f"{ROOT}/importar"
#: Address, what shows the page, what takes its post.
PAGES = (
    (ROOT, parameters.lead_to_parameters, None),
    (f"{ROOT}/parametros", parameters.show_parameters, parameters.save_parameter),
    (f"{ROOT}/calendario", calendar.show_calendar, calendar.save_calendar),
    (f"{ROOT}/calendario/feriados", calendar.lead_to_calendar, calendar.change_holidays),
    (f"{ROOT}/servicos", services.list_services, None),
    (f"{ROOT}/servicos/novo", services.start_service, services.add_service),
    (f"{ROOT}/servicos/<number:number>", services.show_service, services.save_service),
    (f"{ROOT}/atendentes", staff.list_staff, None),
    (f"{ROOT}/atendentes/novo", staff.start_agent, staff.add_agent),
    (f"{ROOT}/atendentes/<number:number>", staff.show_agent, staff.save_agent),
    (f"{ROOT}/atendentes/<number:number>/senha", staff.lead_to_agent, staff.save_password),
    (f"{ROOT}/atendentes/<number:number>/segundo-fator", staff.lead_to_agent, staff.remove_second_factor),
    (f"{ROOT}/atendentes/<number:number>/conta", staff.lead_to_agent, staff.change_identities),
    (f"{ROOT}/atendentes/<number:number>/sessoes", sessions.show_sessions, sessions.end_sessions),
    (f"{ROOT}/ramais", extensions.show_extensions, extensions.limit_extension),
    (f"{ROOT}/papeis", roles.show_roles, None),
    (f"{ROOT}/grupos/novo", staff.start_group, staff.add_group),
    (f"{ROOT}/grupos/<number:number>", staff.show_group, staff.save_group),
    (f"{ROOT}/integracoes", integrations.list_integrations, None),
    (f"{ROOT}/integracoes/nova", integrations.start_integration, integrations.add_integration),
    (f"{ROOT}/integracoes/<number:number>", integrations.show_integration, integrations.save_integration),
    (f"{ROOT}/integracoes/<number:number>/segredo", integrations.ask_to_renew, integrations.renew_secret),
    (f"{ROOT}/integracoes/<number:number>/segredo/novo", integrations.show_secret, None),
    (f"{ROOT}/integracoes/<number:number>/revogar", integrations.ask_to_revoke, integrations.revoke_integration),
    (IMPORTING, imports.show_import, imports.import_file),
    (f"{ROOT}/historico", history.list_changes, None),
    (f"{ROOT}/auditoria", audit.list_audit, None),
)

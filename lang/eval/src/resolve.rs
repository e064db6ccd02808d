//! stub
use crate::evaluator::Evaluator;
use crate::scope::ScopeId;
use crate::types::{DefaultCode, Type};
use crate::value::Value;
use cairn_syntax::ast;
use cairn_syntax::symbol::Symbol;
pub(crate) fn module_scope<'a>(
    _ev: &mut Evaluator<'a>,
    _m: &ast::Module,
    _p: ScopeId,
    _b: &[(Symbol, Value<'a>)],
) -> ScopeId {
    todo!()
}
pub(crate) fn thunk<'a>(_ev: &mut Evaluator<'a>, _s: ScopeId, _e: &ast::Expr) -> Value<'a> {
    todo!()
}
pub(crate) fn compile_type<'a>(
    _ev: &mut Evaluator<'a>,
    _s: ScopeId,
    _t: &ast::Type,
) -> &'a Type<'a> {
    todo!()
}
pub(crate) fn compile_default<'a>(
    _ev: &mut Evaluator<'a>,
    _s: ScopeId,
    _t: &ast::Expr,
) -> DefaultCode<'a> {
    todo!()
}
